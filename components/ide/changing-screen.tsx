'use client'

import Link from 'next/link'
import { Button } from '#components/ui/button.tsx'
import type { ReplStateView } from '#server/repls/views.ts'
import { LookAtFiles } from './look-at-files.tsx'
import { PhaseList } from './phase-list.tsx'
import { useStore, useWorkbench } from './use-workbench.tsx'

type Changing = Extract<ReplStateView, { kind: 'starting' | 'stopping' }>

/** A start or a stop: how far it is, and what can be done meanwhile. */
export function ChangingScreen({ state }: { state: Changing }) {
  const workbench = useWorkbench()
  const { view, error } = useStore(workbench.repl.state)
  const { name, isEphemeral } = view
  return (
    <div className="mx-auto max-w-md px-6 py-16">
      <h2 className="text-lg font-semibold [overflow-wrap:anywhere]">
        {state.kind === 'starting' ? `Starting ${name}` : `Stopping ${name}`}
      </h2>
      <PhaseList phases={state.phases} className="mt-5" />
      {state.kind === 'stopping' && <p className="mt-5 text-sm text-muted">{THEN[nextOf(state, isEphemeral)]}</p>}
      {error !== undefined && (
        <p role="alert" className="mt-3 text-sm text-failed">
          {error.message} {error.advice}
        </p>
      )}
      {/* Most starts are over before anybody could want these. */}
      <div className="mt-6 flex flex-wrap gap-2 [animation:fade-in_120ms_ease-out_1s_backwards]">
        {workbench.repl.canEdit && <Otherwise state={state} isEphemeral={isEphemeral === true} />}
        <LookAtFiles />
        <Button asChild variant="ghost">
          <Link href="/repls">Back to your REPLs</Link>
        </Button>
      </div>
    </div>
  )
}

const THEN = {
  stop: 'Its files are saved, then it sleeps.',
  start: 'It starts again as soon as it has stopped.',
  delete: 'It is deleted then.',
} as const

function nextOf(state: Extract<Changing, { kind: 'stopping' }>, isEphemeral = false): keyof typeof THEN {
  return state.next ?? (isEphemeral ? 'delete' : 'stop')
}

/** The way to what is not going on. */
function Otherwise({ state, isEphemeral }: { state: Changing; isEphemeral: boolean }) {
  const { repl } = useWorkbench()
  if (state.kind === 'starting') {
    return <Button onClick={() => void repl.stop()}>{isEphemeral ? 'Stop and delete' : 'Stop'}</Button>
  }
  switch (nextOf(state, isEphemeral)) {
    case 'stop':
      return <Button onClick={() => void repl.start()}>Start again</Button>
    case 'start':
      return <Button onClick={() => void repl.stop()}>Do not start again</Button>
    case 'delete':
      return null
  }
}
