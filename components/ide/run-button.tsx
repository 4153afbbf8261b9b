'use client'

import { Play, Settings2, Square } from 'lucide-react'
import { Button } from '#components/ui/button.tsx'
import { IconButton } from '#components/ui/icon-button.tsx'
import { Tooltip } from '#components/ui/tooltip.tsx'
import { useStore, useWorkbench } from './use-workbench.tsx'
import { toggleRun } from './stores/actions.ts'

/** Runs the project; while it runs, stops it. */
export function RunButton() {
  const workbench = useWorkbench()
  const run = useStore(workbench.run.state)
  const isOpen = useStore(workbench.connection.state).kind === 'open'
  const isRunning = run?.state === 'running' || run?.state === 'ready'
  const isStopping = run?.state === 'stopping'
  const label = isRunning || isStopping ? 'Stop' : 'Run'
  return (
    <div className="flex shrink-0 items-center gap-0.5">
      <Tooltip label={run === undefined ? label : `${label}: ${run.command}`} keys="f5">
        <Button
          size="sm"
          variant={isRunning || isStopping ? 'secondary' : 'primary'}
          disabled={!isOpen || run === undefined}
          isBusy={isStopping}
          className="min-w-18"
          onClick={() => toggleRun(workbench)}
        >
          {!isStopping && <RunIcon isRunning={isRunning} />}
          {label}
        </Button>
      </Tooltip>
      <IconButton
        label="Change what Run does"
        disabled={!isOpen}
        className="max-sm:hidden"
        onClick={() => workbench.overlay.set({ kind: 'run-settings' })}
      >
        <Settings2 aria-hidden />
      </IconButton>
    </div>
  )
}

function RunIcon({ isRunning }: { isRunning: boolean }) {
  return isRunning ? (
    <Square aria-hidden size={12} strokeWidth={2} className="fill-current text-failed" />
  ) : (
    <Play aria-hidden size={12} strokeWidth={2} className="fill-current" />
  )
}
