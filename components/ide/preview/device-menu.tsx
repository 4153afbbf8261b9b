'use client'

import { Laptop, Maximize, Smartphone, Tablet } from 'lucide-react'
import {
  DropdownMenu,
  DropdownMenuContent,
  DropdownMenuRadioGroup,
  DropdownMenuRadioItem,
  DropdownMenuTrigger,
} from '#components/ui/dropdown-menu.tsx'
import { useStore, useWorkbench } from '../use-workbench.tsx'
import { DEVICES, DEVICE_NAMES } from './devices.ts'

const ICONS = { fill: Maximize, phone: Smartphone, tablet: Tablet, laptop: Laptop } as const

/** The size that the preview is looked at in. */
export function DeviceMenu() {
  const { memory } = useWorkbench()
  const { device } = useStore(memory.layout)
  const Icon = ICONS[device]
  const choose = (value: string): void => {
    const chosen = DEVICE_NAMES.find((name) => name === value)
    if (chosen !== undefined) memory.patch({ device: chosen })
  }
  return (
    <DropdownMenu>
      <DropdownMenuTrigger
        aria-label={`Size of the preview: ${DEVICES[device].title}`}
        title="Size of the preview"
        className="inline-flex size-7 shrink-0 items-center justify-center rounded-md text-muted hover:bg-hover hover:text-text data-[state=open]:bg-hover data-[state=open]:text-text"
      >
        <Icon aria-hidden size={16} strokeWidth={1.5} />
      </DropdownMenuTrigger>
      <DropdownMenuContent label="Size of the preview" align="end">
        <DropdownMenuRadioGroup value={device} onValueChange={choose}>
          {DEVICE_NAMES.map((name) => (
            <DropdownMenuRadioItem key={name} value={name}>
              {wordsOf(name)}
            </DropdownMenuRadioItem>
          ))}
        </DropdownMenuRadioGroup>
      </DropdownMenuContent>
    </DropdownMenu>
  )
}

function wordsOf(name: (typeof DEVICE_NAMES)[number]): string {
  const device = DEVICES[name]
  return 'width' in device ? `${device.title}, ${device.width} × ${device.height}` : device.title
}
