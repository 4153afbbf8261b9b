'use client'

import { RotateCcw } from 'lucide-react'
import { COMMANDS } from '#components/ide/commands.ts'
import { saveCustomKeys, useCustomKeys, withKeys } from '#components/ide/custom-keys.ts'
import { KeyRow } from '#components/site/key-row.tsx'
import { Button } from '#components/ui/button.tsx'

const GROUPS = [...Map.groupBy(COMMANDS, ({ group }) => group)]

/** Every command of the workbench with its keys, and a way to give it others. */
export function KeysSettings() {
  const custom = useCustomKeys()
  return (
    <div className="flex flex-col gap-6">
      {GROUPS.map(([group, commands]) => (
        <section key={group} aria-label={group}>
          <h3 className="mb-1 text-sm font-medium text-muted">{group}</h3>
          <ul className="divide-y divide-line">
            {commands.map((command) => (
              <KeyRow
                key={command.id}
                command={command}
                custom={custom}
                onKeys={(keys) => saveCustomKeys(withKeys(custom, command.id, keys))}
              />
            ))}
          </ul>
        </section>
      ))}
      <div>
        <Button disabled={Object.keys(custom).length === 0} onClick={() => saveCustomKeys({})}>
          <RotateCcw aria-hidden size={14} strokeWidth={1.75} />
          All as they were made
        </Button>
      </div>
    </div>
  )
}
