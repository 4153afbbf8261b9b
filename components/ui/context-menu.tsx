'use client'

import type { ComponentProps, ReactNode } from 'react'
import { ContextMenu as Radix } from 'radix-ui'

import { cx } from '#components/ui/cx.ts'
import { Kbd } from '#components/ui/kbd.tsx'
import { mainLandmark } from '#components/ui/landmark.ts'
import { MENU_DANGER, MENU_ITEM, MENU_PANEL, MENU_SEPARATOR } from '#components/ui/menu-style.ts'

/** Not modal: the page stays readable and scrollable beside it. */
export function ContextMenu(root: Omit<ComponentProps<typeof Radix.Root>, 'modal'>) {
  return <Radix.Root modal={false} {...root} />
}
export const ContextMenuTrigger = Radix.Trigger

interface ContentProps {
  /** What the menu is about, for screen readers. */
  label: string
  className?: string
  /** Return focus elsewhere than to what had it: call `preventDefault`. */
  onCloseAutoFocus?: (event: Event) => void
  children: ReactNode
}

/** The panel of items. */
export function ContextMenuContent({ label, className, ...rest }: ContentProps) {
  return (
    <Radix.Portal container={mainLandmark()}>
      <Radix.Content
        data-slot="context-menu"
        aria-label={label}
        collisionPadding={8}
        className={cx(MENU_PANEL, className)}
        {...rest}
      />
    </Radix.Portal>
  )
}

interface ItemProps {
  icon?: ReactNode
  /** Key that does the same, e.g. `mod+p`. */
  keys?: string
  isDanger?: boolean
  disabled?: boolean
  onSelect: (event: Event) => void
  children: ReactNode
}

/** One action. */
export function ContextMenuItem({ icon, keys, isDanger = false, children, ...rest }: ItemProps) {
  return (
    <Radix.Item className={cx(MENU_ITEM, isDanger && MENU_DANGER)} {...rest}>
      {icon}
      <span className="grow truncate">{children}</span>
      {keys !== undefined && <Kbd keys={keys} className="ml-4" />}
    </Radix.Item>
  )
}

export function ContextMenuSeparator() {
  return <Radix.Separator className={MENU_SEPARATOR} />
}
