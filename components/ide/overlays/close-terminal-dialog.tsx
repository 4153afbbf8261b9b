'use client'

import { ConfirmDialog } from '#components/ui/confirm-dialog.tsx'
import { useStore, useWorkbench } from '../use-workbench.tsx'

interface CloseTerminalDialogProps {
  id: string
  /** What runs in it. */
  commands: readonly string[]
  /** It is to begin anew, not to go. */
  isRestart?: boolean
  onClose: () => void
}

/** Asks before a terminal in which something runs is closed, or begun anew. */
export function CloseTerminalDialog({ id, commands, isRestart = false, onClose }: CloseTerminalDialogProps) {
  const workbench = useWorkbench()
  const name = useStore(workbench.terminals.state).list.find((terminal) => terminal.id === id)?.name ?? 'the terminal'
  const isOne = commands.length === 1
  const verb = isRestart ? 'Restart' : 'Close'
  const { terminals } = workbench
  return (
    <ConfirmDialog
      title={`${verb} ${name}?`}
      description={isOne ? 'A program runs in it, and ends with it.' : 'Programs run in it, and end with it.'}
      verb={`${verb} and end ${isOne ? 'it' : 'them'}`}
      isDanger
      onClose={onClose}
      onConfirm={() => void workbench.attempt(() => (isRestart ? terminals.restart(id) : terminals.close(id)))}
    >
      <ul aria-label="What runs in it" className="flex flex-col gap-1">
        {commands.map((command, at) => (
          <li key={at} className="truncate rounded-sm bg-inset px-2 py-1 font-mono text-xs text-text" title={command}>
            {command}
          </li>
        ))}
      </ul>
    </ConfirmDialog>
  )
}
