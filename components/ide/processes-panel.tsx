'use client'

import { useEffect, useState } from 'react'
import { CircleStop } from 'lucide-react'
import { IconButton } from '#components/ui/icon-button.tsx'
import { Skeleton } from '#components/ui/skeleton.tsx'
import type { ProcessInfo } from '#protocol/messages.ts'
import { formatBytes } from './format.ts'
import { useStore, useWorkbench } from './use-workbench.tsx'

const LOOK_EVERY_MS = 3000

/** What runs in the REPL; asked for only while it is looked at. */
export function ProcessesPanel() {
  const workbench = useWorkbench()
  const [processes, setProcesses] = useState<readonly ProcessInfo[]>()
  const isOpen = useStore(workbench.connection.state).kind === 'open'
  useEffect(() => {
    if (!isOpen) return
    let isGone = false
    const look = async (): Promise<void> => {
      const answer = await workbench.connection.request('processes.list', {}).catch(() => undefined)
      if (!isGone && answer !== undefined) setProcesses(answer.processes)
    }
    void look()
    const timer = setInterval(() => void look(), LOOK_EVERY_MS)
    return () => {
      isGone = true
      clearInterval(timer)
    }
  }, [workbench, isOpen])
  return (
    <div className="flex h-full flex-col">
      <header className="flex h-9 shrink-0 items-center pl-4">
        <h2 className="font-medium text-soft">Processes</h2>
      </header>
      {processes === undefined ? (
        <Skeleton className="mx-4 mt-2 h-3 w-40" />
      ) : (
        <ul className="min-h-0 grow overflow-y-auto">
          {processes.map((process) => (
            <ProcessRow key={process.pid} process={process} />
          ))}
        </ul>
      )}
    </div>
  )
}

function ProcessRow({ process: { pid, command, cpuPercent, memoryBytes } }: { process: ProcessInfo }) {
  const workbench = useWorkbench()
  return (
    <li className="group flex items-center gap-2 border-b border-line py-1.5 pl-4 pr-1.5">
      <div className="min-w-0 grow">
        <p className="truncate font-mono text-xs text-text" title={command}>
          {command}
        </p>
        <p className="text-xs text-muted tabular-nums">
          pid {pid} · {cpuPercent.toFixed(0)} % · {formatBytes(memoryBytes)}
        </p>
      </div>
      {workbench.repl.canEdit && (
        <IconButton
          label={`End process ${pid}`}
          onClick={() =>
            void workbench.attempt(() => workbench.connection.request('processes.signal', { pid, signal: 'SIGTERM' }))
          }
        >
          <CircleStop aria-hidden />
        </IconButton>
      )}
    </li>
  )
}
