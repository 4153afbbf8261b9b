'use client'

import { Button } from '#components/ui/button.tsx'
import type { TerminalInfo } from '#protocol/messages.ts'
import { restartTerminal } from '../stores/terminal-actions.ts'
import { useWorkbench } from '../use-workbench.tsx'

const NOUNS: Record<TerminalInfo['kind'], string> = {
  shell: 'The shell',
  clone: 'The shell',
  commit: 'The commit',
  run: 'The program',
  agent: 'The agent’s command',
}

/** A terminal whose process ended: how, and what now. */
export function TerminalExit({ info }: { info: TerminalInfo }) {
  const workbench = useWorkbench()
  if (info.exit === undefined) return null
  const { code, signal } = info.exit
  const how = signal === null ? `ended with code ${code ?? 'unknown'}` : `was ended by ${signal}`
  return (
    <output className="flex shrink-0 items-center gap-2 border-t border-line bg-panel px-3 py-1.5 text-sm">
      <span className="grow text-muted">
        {NOUNS[info.kind]} {how}.
      </span>
      {workbench.repl.canEdit && info.kind === 'shell' && (
        <Button size="sm" onClick={() => restartTerminal(workbench, info.id)}>
          New shell
        </Button>
      )}
      {workbench.repl.canEdit && (
        <Button
          size="sm"
          variant="ghost"
          onClick={() => void workbench.attempt(() => workbench.terminals.close(info.id))}
        >
          Close
        </Button>
      )}
    </output>
  )
}
