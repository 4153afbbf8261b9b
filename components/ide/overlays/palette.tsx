'use client'

import { useState } from 'react'
import { Kbd } from '#components/ui/kbd.tsx'
import { COMMANDS } from '../commands.ts'
import { keysOf, useCustomKeys } from '../custom-keys.ts'
import { fuzzyMatch } from '../stores/fuzzy.ts'
import { useWorkbench } from '../use-workbench.tsx'
import { Highlight } from './highlight.tsx'
import { Picker } from './picker.tsx'

/** Every command that makes sense now, with its key. */
export function Palette({ onClose }: { onClose: () => void }) {
  const workbench = useWorkbench()
  const custom = useCustomKeys()
  const [query, setQuery] = useState('')
  const matches = COMMANDS.flatMap((command) => {
    const match = fuzzyMatch(query, command.title)
    const isUsable = (command.isEnabled?.(workbench) ?? true) && command.id !== 'go.palette'
    return match === undefined || !isUsable ? [] : [{ command, ...match }]
  })
  const ranked = query === '' ? matches : matches.toSorted((one, other) => other.score - one.score)
  return (
    <Picker
      label="All commands"
      placeholder="Type the name of a command"
      query={query}
      onQuery={setQuery}
      items={ranked.map(({ command, positions }) => ({
        id: command.id,
        content: (
          <>
            <span className="w-16 shrink-0 text-xs text-muted">{command.group}</span>
            <span className="truncate">
              <Highlight text={command.title} positions={positions} />
            </span>
          </>
        ),
        aside: <FirstKey keys={keysOf(command, custom)} />,
      }))}
      empty="No command matches."
      onPick={(id) => {
        onClose()
        // After the palette has given the focus back.
        setTimeout(() => COMMANDS.find((command) => command.id === id)?.run(workbench))
      }}
      onClose={onClose}
    />
  )
}

function FirstKey({ keys: [first] }: { keys: readonly string[] }) {
  return first === undefined ? null : <Kbd keys={first} isAsGiven />
}
