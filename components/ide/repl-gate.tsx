'use client'

import Link from 'next/link'
import type { ReactNode } from 'react'
import { Moon, Trash2 } from 'lucide-react'
import { Button } from '#components/ui/button.tsx'
import { EmptyState } from '#components/ui/empty-state.tsx'
import { ErrorState } from '#components/ui/error-state.tsx'
import type { ReplStateView } from '#server/repls/views.ts'
import { AccessScreen } from './access-screen.tsx'
import { ChangingScreen } from './changing-screen.tsx'
import { FailureExits } from './failure-exits.tsx'
import { LookAtFiles } from './look-at-files.tsx'
import { PhaseList } from './phase-list.tsx'
import { useStore, useWorkbench } from './use-workbench.tsx'

/** The workbench where the REPL runs; else what it is doing, and the way on. Never a page that waits without a word. */
export function ReplGate({ children }: { children: ReactNode }) {
  const workbench = useWorkbench()
  const { view, access } = useStore(workbench.repl.state)
  const connection = useStore(workbench.connection.state)
  const refused = connection.kind === 'refused' ? connection.because : undefined
  if (access === 'removed' || refused === 'no-access') return <AccessScreen because="removed" />
  if (access === 'signed-out' || refused === 'signed-out') return <AccessScreen because="signed-out" />
  const isRunning = view.state.kind === 'running'
  return (
    <>
      {/* Kept mounted: terminals and typed text outlive a stop. Isolated: Monaco’s own layers stay below what covers it. */}
      <div inert={!isRunning} className="isolate h-full">
        {children}
      </div>
      {!isRunning && (
        <div
          data-testid="repl-gate"
          className="absolute inset-0 overflow-auto bg-canvas [animation:fade-in_120ms_ease-out_150ms_backwards]"
        >
          <Instead state={view.state} />
        </div>
      )}
    </>
  )
}

const FAILED = { start: 'did not start', run: 'has ended', stop: 'was not stopped' } as const

function Instead({ state }: { state: ReplStateView }) {
  const workbench = useWorkbench()
  const { view, error } = useStore(workbench.repl.state)
  switch (state.kind) {
    case 'starting':
    case 'stopping':
      return <ChangingScreen state={state} />
    case 'failed':
      return (
        <div className="mx-auto max-w-xl px-6 py-16">
          <h2 className="mb-4 text-lg font-semibold [overflow-wrap:anywhere]">{`${view.name} ${FAILED[state.during]}`}</h2>
          {state.phases.length > 0 && <PhaseList phases={state.phases} hasFailed className="mb-6" />}
          <ErrorState message={state.error.message} advice={state.error.advice} />
          <FailureExits state={state} />
        </div>
      )
    case 'stopped':
      return (
        <EmptyState
          isPage
          icon={<Moon />}
          title={`${view.name} is sleeping`}
          actions={
            <>
              {workbench.repl.canEdit && (
                <Button variant="primary" onClick={() => void workbench.repl.start()}>
                  Start
                </Button>
              )}
              <LookAtFiles />
            </>
          }
        >
          {view.savedAt === undefined ? 'It has not been started yet. ' : 'Its files are saved. '}
          {workbench.repl.canEdit
            ? 'It takes a moment to start.'
            : 'Someone who can edit it has to start it; this page then goes on by itself.'}
          {error !== undefined && (
            <p role="alert" className="mt-3 text-failed">
              {error.message} {error.advice}
            </p>
          )}
        </EmptyState>
      )
    case 'deleted':
      return (
        <EmptyState
          isPage
          icon={<Trash2 />}
          title={`${view.name} was deleted`}
          actions={
            <>
              {view.role === 'owner' && (
                <Button variant="primary" onClick={() => void workbench.repl.restore()}>
                  Restore
                </Button>
              )}
              <Button asChild>
                <Link href="/repls">Back to your REPLs</Link>
              </Button>
            </>
          }
        >
          {view.role === 'owner' ? 'You' : 'Its owner'} can restore it until{' '}
          {new Date(state.purgeAt).toLocaleDateString()}.
        </EmptyState>
      )
    case 'running':
      return null
  }
}
