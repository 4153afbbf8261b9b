'use client'

import { useEffect } from 'react'
import { isMac } from '#components/ui/platform.ts'
import { isTyping } from '#components/ui/typing.ts'
import { COMMANDS } from './commands.ts'
import type { Command } from './commands.ts'
import { keysOf, readCustomKeys } from './custom-keys.ts'
import { isPressed } from './stores/shortcut.ts'
import type { Workbench } from './stores/workbench.ts'

/** Keys that a shell has no use for; everything else typed into a terminal is the shell's. */
const NOT_FOR_SHELLS = /shift(?!\+f\d)|^f[15]$|`|alt\+\d/
/** The beginning of the editor's own chords. */
const EDITOR_CHORD = 'mod+k'

/** Gives every command its keys, wherever the focus is. */
export function useShortcuts(workbench: Workbench): void {
  useEffect(() => {
    const isOnMac = isMac()
    const onKeyDown = (event: KeyboardEvent): void => {
      const custom = readCustomKeys()
      const command = COMMANDS.find(
        (command) =>
          keysOf(command, custom).some((keys) => isPressed(keys, event, isOnMac) && isMeant(keys, event.target)) &&
          (command.yields !== true || isEnabled(command, workbench)),
      )
      if (command === undefined) return
      event.preventDefault()
      event.stopPropagation()
      if (isEnabled(command, workbench)) command.run(workbench)
    }
    // Before the editor and the terminal see the key.
    window.addEventListener('keydown', onKeyDown, { capture: true })
    return () => window.removeEventListener('keydown', onKeyDown, { capture: true })
  }, [workbench])
}

function isEnabled({ isEnabled: asks }: Command, workbench: Workbench): boolean {
  return asks?.(workbench) ?? true
}

function isMeant(keys: string, target: EventTarget | null): boolean {
  if (!(target instanceof Element)) return true
  if (target.closest('[role="dialog"]') !== null) return false
  if (keys === '?') return !isTyping(target)
  // It sends the form.
  if (keys.endsWith('enter') && target.closest('form') !== null) return false
  if (target.closest('.xterm') !== null) return NOT_FOR_SHELLS.test(keys)
  if (target.closest('.monaco-editor') !== null) return keys !== EDITOR_CHORD
  return true
}
