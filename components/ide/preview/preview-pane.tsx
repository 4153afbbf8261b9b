'use client'

import { MonitorPlay } from 'lucide-react'
import { Button } from '#components/ui/button.tsx'
import { EmptyState } from '#components/ui/empty-state.tsx'
import { ErrorState } from '#components/ui/error-state.tsx'
import { Spinner } from '#components/ui/spinner.tsx'
import { useRepl, useStore, useWorkbench } from '../use-workbench.tsx'
import { PreviewBar } from './preview-bar.tsx'
import { PreviewFrame } from './preview-frame.tsx'

/** What a program of this REPL serves, in a frame of its own origin. */
export function PreviewPane() {
  const workbench = useWorkbench()
  const state = useStore(workbench.preview.state)
  // While the REPL sleeps nothing can answer: a page left in the frame would only go on asking.
  const isRunning = useRepl().state.kind === 'running'
  const ports = useStore(workbench.run.ports)
  return (
    <section aria-label="Preview" className="flex h-full flex-col bg-canvas">
      {state.kind !== 'none' && <PreviewBar state={state} />}
      <div className="relative min-h-0 grow">
        {state.kind === 'none' && (
          <EmptyState
            icon={<MonitorPlay />}
            title="Nothing to preview"
            actions={ports.map(({ port }) => (
              <Button key={port} onClick={() => void workbench.preview.open(port)}>{`Open port ${port}`}</Button>
            ))}
          >
            Run the project: its page opens here once it listens.
          </EmptyState>
        )}
        {state.kind === 'opening' && <Spinner label={`Opening port ${state.port}`} className="p-4" />}
        {state.kind === 'failed' && (
          <div className="p-4">
            <ErrorState
              message={state.error.message}
              advice={state.error.advice}
              actions={<Button onClick={() => workbench.preview.reload()}>Try again</Button>}
            />
          </div>
        )}
        {state.kind === 'shown' && isRunning && <PreviewFrame state={state} />}
      </div>
    </section>
  )
}
