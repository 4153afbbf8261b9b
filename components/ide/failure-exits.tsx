'use client'

import Link from 'next/link'
import { Button } from '#components/ui/button.tsx'
import type { FailureExit, ReplStateView } from '#server/repls/views.ts'
import { LookAtFiles } from './look-at-files.tsx'
import { useWorkbench } from './use-workbench.tsx'

const LABELS: Record<FailureExit, string> = {
  'retry-start': 'Try again',
  'retry-stop': 'Save and stop again',
  resume: 'Go on working',
  delete: 'Delete REPL',
}

/** The buttons that lead out of a failure. */
export function FailureExits({ state }: { state: Extract<ReplStateView, { kind: 'failed' }> }) {
  const workbench = useWorkbench()
  const take = async (exit: FailureExit): Promise<void> => {
    if (exit === 'retry-stop') return workbench.repl.stop()
    return exit === 'delete' ? workbench.repl.delete() : workbench.repl.start()
  }
  return (
    <div className="mt-4 flex flex-wrap gap-2">
      {state.exits.map((exit, index) => (
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
