'use client'

import { useEffect, useRef, useState } from 'react'
import type { KeyboardEvent } from 'react'
import { RotateCcw } from 'lucide-react'
import { COMMANDS } from '#components/ide/commands.ts'
import type { Command } from '#components/ide/commands.ts'
import { keysOf } from '#components/ide/custom-keys.ts'
import type { CustomKeys } from '#components/ide/custom-keys.ts'
import { pressedKeys } from '#components/ide/stores/pressed-keys.ts'
import { Button } from '#components/ui/button.tsx'
import { IconButton } from '#components/ui/icon-button.tsx'
import { Kbd } from '#components/ui/kbd.tsx'
import { useIsMac } from '#components/ui/platform.ts'

interface KeyRowProps {
  command: Command
  custom: CustomKeys
  /** `undefined`: as they were made. */
  onKeys: (keys: readonly string[] | undefined) => void
}

/** A command, its keys, and a way to press others for it. */
export function KeyRow({ command, custom, onKeys }: KeyRowProps) {
  const [isAsking, setIsAsking] = useState(false)
  const keys = keysOf(command, custom)
  const end = (chosen?: readonly string[]) => {
    setIsAsking(false)
    if (chosen !== undefined) onKeys(chosen)
  }
  return (
    <li className="flex min-h-10 flex-wrap items-center gap-x-3 gap-y-1 py-1 text-sm">
      <span className="min-w-40 grow text-soft">{command.title}</span>
      {isAsking ? (
        <Ask command={command} custom={custom} onEnd={end} />
      ) : (
        <>
          <span className="flex gap-1.5">
            {keys.map((one) => (
              <Kbd key={one} keys={one} />
            ))}
          </span>
          {custom[command.id] !== undefined && (
            <IconButton label={`${command.title}: as it was made`} onClick={() => onKeys(undefined)}>
              <RotateCcw />
            </IconButton>
          )}
          <Button size="sm" aria-label={`Change the keys of ${command.title}`} onClick={() => setIsAsking(true)}>
            Change
          </Button>
        </>
      )}
    </li>
  )
}

interface AskProps {
  command: Command
  custom: CustomKeys
  /** Without keys: nothing changes. */
  onEnd: (keys?: readonly string[]) => void
}

/** Waits for keys to be pressed. Those of another command are taken from it by pressing them twice. */
function Ask({ command, custom, onEnd }: AskProps) {
  const isMac = useIsMac()
  const button = useRef<HTMLButtonElement>(null)
  useEffect(() => button.current?.focus(), [])
  const [said, setSaid] = useState<{ keys?: string; words: string }>()
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Tab') return
    event.preventDefault()
    event.stopPropagation()
    if (event.key === 'Escape') return onEnd()
    if (event.key === 'Backspace') return onEnd([])
    const pressed = pressedKeys(event, isMac)
    if (pressed === undefined) return
    if ('refused' in pressed) return setSaid({ words: pressed.refused })
    const { keys } = pressed
    const other = COMMANDS.find((one) => one.id !== command.id && keysOf(one, custom).includes(keys))
    if (other === undefined || said?.keys === keys) return onEnd([keys])
    setSaid({ keys, words: `These belong to “${other.title}”. Press them again to take them.` })
  }
  return (
    <button
      ref={button}
      type="button"
      aria-label={`Press the keys for ${command.title}`}
      onKeyDown={onKeyDown}
      onBlur={() => onEnd()}
      className="flex min-h-7 max-w-full flex-wrap items-center gap-2 rounded-md px-2 text-left inset-ring inset-ring-focus outline-none"
    >
      {said?.keys !== undefined && <Kbd keys={said.keys} />}
      <output className="text-soft">
        {said?.words ?? 'Press the keys. Backspace: none. Esc: leave them as they are.'}
      </output>
    </button>
  )
}
