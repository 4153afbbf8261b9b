'use client'

import type { ComponentProps, ReactNode } from 'react'
import { Check } from 'lucide-react'
import { DropdownMenu as Radix } from 'radix-ui'

import { cx } from '#components/ui/cx.ts'
import { Kbd } from '#components/ui/kbd.tsx'
import { mainLandmark } from '#components/ui/landmark.ts'
import { MENU_DANGER, MENU_ITEM, MENU_LABEL, MENU_PANEL, MENU_SEPARATOR } from '#components/ui/menu-style.ts'

/** Not modal: the page stays readable and scrollable beside it. */
export function DropdownMenu(root: Omit<ComponentProps<typeof Radix.Root>, 'modal'>) {
  return <Radix.Root modal={false} {...root} />
}
export const DropdownMenuTrigger = Radix.Trigger
export const DropdownMenuRadioGroup = Radix.RadioGroup

interface ContentProps {
  /** What the menu is about, for screen readers. */
  label: string
  align?: 'start' | 'center' | 'end'
  side?: 'top' | 'right' | 'bottom' | 'left'
  className?: string
  /** Return focus elsewhere than to what had it: call `preventDefault`. */
  onCloseAutoFocus?: (event: Event) => void
  children: ReactNode
}

/** The panel of items. */
export function DropdownMenuContent({ label, className, ...rest }: ContentProps) {
  return (
    <Radix.Portal container={mainLandmark()}>
      <Radix.Content
        data-slot="dropdown-menu"
        aria-label={label}
        collisionPadding={8}
        sideOffset={4}
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
export function DropdownMenuItem({ icon, keys, isDanger = false, children, ...rest }: ItemProps) {
  return (
    <Radix.Item className={cx(MENU_ITEM, isDanger && MENU_DANGER)} {...rest}>
      {icon}
      <span className="grow truncate">{children}</span>
      {keys !== undefined && <Kbd keys={keys} className="ml-4" />}
    </Radix.Item>
  )
}

/** One of several choices; goes into a `DropdownMenuRadioGroup`. */
export function DropdownMenuRadioItem({ value, children }: { value: string; children: ReactNode }) {
  return (
    <Radix.RadioItem value={value} className={cx(MENU_ITEM, 'pl-7')}>
      <Radix.ItemIndicator className="absolute left-1.5">
        <Check aria-hidden />
      </Radix.ItemIndicator>
      {children}
    </Radix.RadioItem>
  )
}

export function DropdownMenuSeparator() {
  return <Radix.Separator className={MENU_SEPARATOR} />
}

export function DropdownMenuLabel({ children }: { children: ReactNode }) {
  return <Radix.Label className={MENU_LABEL}>{children}</Radix.Label>
}
