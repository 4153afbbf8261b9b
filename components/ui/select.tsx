'use client'

import { Check, ChevronDown } from 'lucide-react'
import { Select as Radix } from 'radix-ui'
import { cx } from '#components/ui/cx.ts'
import { MENU_ITEM, MENU_PANEL } from '#components/ui/menu-style.ts'

interface SelectProps<Value extends string> {
  value: Value
  options: readonly { value: Value; label: string }[]
  onValueChange: (value: Value) => void
  disabled?: boolean
  id?: string
  'aria-label'?: string
  'aria-describedby'?: string | undefined
  'aria-invalid'?: true | undefined
  className?: string
}

/** One of a few values. */
export function Select<Value extends string>({
  value,
  options,
  onValueChange,
  disabled = false,
  className,
  ...trigger
}: SelectProps<Value>) {
  return (
    <Radix.Root
      value={value}
      disabled={disabled}
      onValueChange={(chosen) => {
        const option = options.find((candidate) => candidate.value === chosen)
        if (option !== undefined) onValueChange(option.value)
      }}
    >
      <Radix.Trigger
        data-slot="select"
        className={cx(
          'inline-flex h-8 min-w-0 items-center justify-between gap-2 rounded-md border border-control bg-canvas px-2.5 text-sm text-text',
          'hover:border-faint disabled:cursor-not-allowed disabled:opacity-50',
          className,
        )}
        {...trigger}
      >
        <span className="truncate">
          <Radix.Value />
        </span>
        <ChevronDown aria-hidden size={14} strokeWidth={1.5} className="shrink-0 text-muted" />
      </Radix.Trigger>
      <Radix.Portal>
        <Radix.Content
          position="popper"
          sideOffset={4}
          collisionPadding={8}
          className={cx(MENU_PANEL, 'min-w-(--radix-select-trigger-width)')}
        >
          <Radix.Viewport>
            {options.map((option) => (
              <Radix.Item key={option.value} value={option.value} className={cx(MENU_ITEM, 'pr-8')}>
                <Radix.ItemText>{option.label}</Radix.ItemText>
                <Radix.ItemIndicator className="absolute right-2">
                  <Check aria-hidden />
                </Radix.ItemIndicator>
              </Radix.Item>
            ))}
          </Radix.Viewport>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  )
}
