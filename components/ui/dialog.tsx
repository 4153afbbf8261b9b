'use client'

import { useRef } from 'react'
import type { ReactNode } from 'react'
import { X } from 'lucide-react'
import { Dialog as Radix } from 'radix-ui'
import { cx } from '#components/ui/cx.ts'
import { useFocusReturn } from '#components/ui/use-focus-return.ts'

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
  className?: string
  children?: ReactNode
}

/**
 * A modal window; on a phone, a sheet from the bottom. Escape and a click outside close it; focus returns to where it was.
 * Focus begins at what has `data-autofocus`, else at the first control.
 */
export function Dialog({ title, description, footer, width = 'md', className, children, ...root }: DialogProps) {
  const content = useRef<HTMLDivElement>(null)
  const focus = useFocusReturn()
  return (
    <Radix.Root {...root}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-40 animate-fade-in bg-scrim" />
        <Radix.Content
          ref={content}
          data-slot="dialog"
          {...(description === undefined && { 'aria-describedby': undefined })}
          onCloseAutoFocus={focus.giveBack}
          onOpenAutoFocus={(event) => {
            focus.remember()
            const chosen = content.current?.querySelector<HTMLElement>('[data-autofocus]')
            if (chosen == null) return
            event.preventDefault()
            chosen.focus()
          }}
          className={cx(
            'fixed z-40 flex animate-rise-in flex-col overflow-y-auto bg-raised shadow-float outline-none',
            'inset-x-0 bottom-0 max-h-[92dvh] rounded-t-lg',
            'sm:inset-auto sm:left-1/2 sm:top-[12dvh] sm:max-h-[76dvh] sm:w-[calc(100vw-32px)] sm:-translate-x-1/2 sm:rounded-lg',
            WIDTHS[width],
            className,
          )}
        >
          <header className="sticky top-0 z-10 bg-raised px-5 pb-1 pr-12 pt-4">
            <Radix.Title className="text-lg font-semibold text-text [overflow-wrap:anywhere]">{title}</Radix.Title>
            {description !== undefined && (
              <Radix.Description className="mt-0.5 text-sm text-muted [overflow-wrap:anywhere]">
                {description}
              </Radix.Description>
            )}
          </header>
          <div className="grow px-5 py-3">{children}</div>
          {footer !== undefined && (
            <footer className="sticky bottom-0 z-10 flex flex-wrap items-center justify-end gap-2 border-t border-line bg-raised px-5 py-3">
              {footer}
            </footer>
          )}
          {/* Last to the keyboard, so that focus begins with what the window is about; first to the eye. */}
          <div className="sticky top-0 z-20 order-first flex h-0 justify-end">
            <Radix.Close
              aria-label="Close"
              className="mr-3.5 mt-3.5 inline-flex size-7 shrink-0 items-center justify-center rounded-md text-muted hover:bg-hover hover:text-text"
            >
              <X aria-hidden size={16} strokeWidth={1.5} />
            </Radix.Close>
          </div>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  )
}
