'use client'

import type { ReactNode } from 'react'
import { X } from 'lucide-react'
import { Dialog as Radix } from 'radix-ui'
import { cx } from '#components/ui/cx.ts'

const WIDTHS = { sm: 'sm:max-w-md', md: 'sm:max-w-xl', lg: 'sm:max-w-3xl' } as const

interface DialogProps {
  open: boolean
  onOpenChange: (open: boolean) => void
  title: string
  /** One sentence under the title, read out with it. */
  description?: ReactNode
  /** Buttons, the primary one last. */
  footer?: ReactNode
  width?: keyof typeof WIDTHS
  /** Where focus goes when it opens, if not to the first control. */
  initialFocus?: { current: HTMLElement | null }
  className?: string
  children?: ReactNode
}

/** A modal window; on a phone, a sheet from the bottom. Escape and a click outside close it; focus returns to where it was. */
export function Dialog({
  title,
  description,
  footer,
  width = 'md',
  initialFocus,
  className,
  children,
  ...root
}: DialogProps) {
  return (
    <Radix.Root {...root}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-40 animate-fade-in bg-scrim" />
        <Radix.Content
          data-slot="dialog"
          {...(description === undefined && { 'aria-describedby': undefined })}
          onOpenAutoFocus={(event) => {
            if (initialFocus?.current == null) return
            event.preventDefault()
            initialFocus.current.focus()
          }}
          className={cx(
            'fixed z-40 flex animate-rise-in flex-col bg-raised shadow-float outline-none',
            'inset-x-0 bottom-0 max-h-[92dvh] rounded-t-lg',
            'sm:inset-auto sm:left-1/2 sm:top-[12dvh] sm:max-h-[76dvh] sm:w-[calc(100vw-32px)] sm:-translate-x-1/2 sm:rounded-lg',
            WIDTHS[width],
            className,
          )}
        >
          <header className="flex items-start gap-4 px-5 pb-1 pt-4">
            <div className="min-w-0 grow">
              <Radix.Title className="text-lg font-semibold text-text [overflow-wrap:anywhere]">{title}</Radix.Title>
              {description !== undefined && (
                <Radix.Description className="mt-0.5 text-sm text-muted [overflow-wrap:anywhere]">
                  {description}
                </Radix.Description>
              )}
            </div>
            <Radix.Close
              aria-label="Close"
              className="-mr-1.5 inline-flex size-7 items-center justify-center rounded-md text-muted hover:bg-hover hover:text-text"
            >
              <X aria-hidden size={16} strokeWidth={1.5} />
            </Radix.Close>
          </header>
          <div className="min-h-0 grow overflow-y-auto px-5 py-3">{children}</div>
          {footer !== undefined && (
            <footer className="flex flex-wrap items-center justify-end gap-2 border-t border-line px-5 py-3">
              {footer}
            </footer>
          )}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  )
}
