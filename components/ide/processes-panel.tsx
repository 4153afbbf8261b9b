'use client'

import { useEffect } from 'react'
import { CircleStop, OctagonX } from 'lucide-react'
import { Button } from '#components/ui/button.tsx'
import { ErrorState } from '#components/ui/error-state.tsx'
import { IconButton } from '#components/ui/icon-button.tsx'
import { Skeleton } from '#components/ui/skeleton.tsx'
import type { ProcessInfo } from '#protocol/messages.ts'
import { formatBytes } from './format.ts'
import { useStore, useWorkbench } from './use-workbench.tsx'

/** What runs in the REPL; asked for only while it is looked at. */
export function ProcessesPanel() {
  const { processes } = useWorkbench()
  const state = useStore(processes.state)
  useEffect(() => processes.watch(), [processes])
  return (
    <div className="flex h-full flex-col">
      <header className="flex h-9 shrink-0 items-center pl-4">
        <h2 className="font-medium text-soft">Processes</h2>
      </header>
      {state.kind === 'loading' && <Skeleton className="mx-4 mt-2 h-3 w-40" />}
      {state.kind === 'failed' && (
        <ErrorState
          className="mx-3 mt-3"
          message={state.error.message}
          advice={state.error.advice}
          actions={<Button onClick={() => void processes.refresh()}>Try again</Button>}
        />
      )}
      {state.kind === 'ready' && (
        <ul aria-label="Processes" className="min-h-0 grow overflow-y-auto">
          {state.list.map((process) => (
            <ProcessRow key={process.pid} process={process} wasAsked={state.asked.has(process.pid)} />
          ))}
        </ul>
      )}
    </div>
  )
}

interface ProcessRowProps {
  process: ProcessInfo
  /** It was asked to end. */
  wasAsked: boolean
}

function ProcessRow({ process: { pid, command, cpuPercent, memoryBytes }, wasAsked }: ProcessRowProps) {
  const workbench = useWorkbench()
  return (
    <li className="group flex items-center gap-2 border-b border-line py-1.5 pl-4 pr-1.5">
      <div className="min-w-0 grow">
        <p className="truncate font-mono text-xs text-text" title={command}>
          {command}
        </p>
        <p className="text-xs text-muted tabular-nums">
          pid {pid} · {cpuPercent.toFixed(0)} % · {formatBytes(memoryBytes)}
          {wasAsked && <span className="text-attention"> · asked to end</span>}
        </p>
      </div>
      {workbench.repl.canEdit && (
        <IconButton
          label={wasAsked ? `Kill process ${pid}` : `End process ${pid}`}
          className={wasAsked ? 'text-failed' : undefined}
          onClick={() => void workbench.attempt(() => workbench.processes.end(pid))}
        >
          {wasAsked ? <OctagonX aria-hidden /> : <CircleStop aria-hidden />}
        </IconButton>
      )}
    </li>
  )
}
