'use client'

import Link from 'next/link'
import { Button } from '#components/ui/button.tsx'
import { api, wireErrorOf } from '#components/api.ts'
import type { FailureExit, ReplStateView } from '#server/repls/views.ts'
import { LookAtFiles } from './look-at-files.tsx'
import { useRepl, useWorkbench } from './use-workbench.tsx'

const LABELS: Record<FailureExit, string> = {
  'retry-start': 'Try again',
  'retry-stop': 'Save and stop again',
  resume: 'Go on working',
  delete: 'Delete REPL',
}

/** The buttons that lead out of a failure. */
export function FailureExits({ state }: { state: Extract<ReplStateView, { kind: 'failed' }> }) {
  const workbench = useWorkbench()
  const { id, role } = useRepl()
  const take = async (exit: FailureExit): Promise<void> => {
    if (exit === 'retry-stop') return workbench.repl.stop()
    if (exit !== 'delete') return workbench.repl.start()
    try {
      await api().repls.delete.mutate({ replId: id })
      window.location.assign('/repls')
    } catch (error) {
      workbench.notify({ title: wireErrorOf(error).message, tone: 'failed' })
    }
  }
  const exits = state.exits.filter((exit) => (exit === 'delete' ? role === 'owner' : workbench.repl.canEdit))
  return (
    <div className="mt-4 flex flex-wrap gap-2">
      {exits.map((exit, index) => (
        <Button key={exit} variant={index === 0 ? 'primary' : 'secondary'} onClick={() => void take(exit)}>
          {LABELS[exit]}
        </Button>
      ))}
      <LookAtFiles />
      <Button asChild variant="ghost">
        <Link href="/repls">Back to your REPLs</Link>
      </Button>
    </div>
  )
}
