'use client'

import { CircleAlert, CircleCheck, X } from 'lucide-react'
import { Toast as Radix } from 'radix-ui'
import type { ShownToast } from '#components/ui/toast-store.ts'

interface ToastProps {
  toast: ShownToast
  onClose: () => void
}

/** One message; its clock stands still while the pointer or focus is on it. */
export function Toast({ toast, onClose }: ToastProps) {
  const { title, description, tone, action, durationMs } = toast
  return (
    <Radix.Root
      data-slot="toast"
      type={tone === 'failed' ? 'foreground' : 'background'}
      duration={durationMs}
      onOpenChange={(open) => {
        if (!open) onClose()
      }}
      className="flex animate-rise-in items-start gap-2.5 rounded-md bg-raised py-2 pl-3 pr-2 text-sm shadow-float"
    >
      {tone === 'failed' && (
        <CircleAlert aria-hidden size={16} strokeWidth={1.75} className="mt-1 shrink-0 text-failed" />
      )}
      {tone === 'ok' && <CircleCheck aria-hidden size={16} strokeWidth={1.75} className="mt-1 shrink-0 text-ok" />}
      <div className="min-w-0 grow py-0.5">
        <Radix.Title className="text-text [overflow-wrap:anywhere]">{title}</Radix.Title>
        {description !== undefined && (
          <Radix.Description className="text-muted [overflow-wrap:anywhere]">{description}</Radix.Description>
        )}
      </div>
      {action !== undefined && (
        <Radix.Action
          altText={action.label}
          onClick={action.onAct}
          className="h-6 shrink-0 rounded-sm px-2 font-medium text-accent-text hover:bg-hover"
        >
          {action.label}
        </Radix.Action>
      )}
      <Radix.Close
        aria-label="Dismiss"
        className="inline-flex size-6 shrink-0 items-center justify-center rounded-sm text-muted hover:bg-hover hover:text-text"
      >
        <X aria-hidden size={14} strokeWidth={1.5} />
      </Radix.Close>
    </Radix.Root>
  )
}
