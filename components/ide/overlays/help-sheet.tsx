'use client'

import { Dialog } from '#components/ui/dialog.tsx'
import { Kbd } from '#components/ui/kbd.tsx'
import { COMMANDS } from '../commands.ts'
import { keysOf, useCustomKeys } from '../custom-keys.ts'

const GROUPS = ['File', 'Go', 'View', 'Run', 'Terminal', 'REPL'] as const

/** Every key of the workbench, from the one table of commands. */
export function HelpSheet({ onClose }: { onClose: () => void }) {
  const custom = useCustomKeys()
  const withKeys = COMMANDS.map((command) => ({ ...command, keys: keysOf(command, custom) })).filter(
    ({ keys }) => keys.length > 0,
  )
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title="Keyboard shortcuts"
      description="In a terminal, keys that the shell uses stay the shell's. Settings, Keys, gives commands other keys."
      width="lg"
    >
      <div className="columns-1 gap-8 pb-2 sm:columns-2">
        {GROUPS.filter((group) => withKeys.some((command) => command.group === group)).map((group) => (
          <section key={group} className="mb-5 break-inside-avoid">
            <h3 className="mb-1 text-xs font-medium text-muted">{group}</h3>
            <dl>
              {withKeys
                .filter((command) => command.group === group)
                .map(({ id, title, keys }) => (
                  <div key={id} className="flex items-center justify-between gap-4 border-b border-line py-1.5 text-sm">
                    <dt>{title}</dt>
                    <dd className="flex shrink-0 gap-1.5">
                      {keys.map((key) => (
                        <Kbd key={key} keys={key} isAsGiven />
                      ))}
                    </dd>
                  </div>
                ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  )
}
