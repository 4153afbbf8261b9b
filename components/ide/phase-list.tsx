'use client'

import { useEffect, useState } from 'react'
import { Check } from 'lucide-react'
import { Progress } from '#components/ui/progress.tsx'
import { SpinnerWheel } from '#components/ui/spinner.tsx'
import type { PhaseView } from '#server/repls/views.ts'
import { formatDuration } from './format.ts'

const WORDS: Record<PhaseView['name'], string> = {
  sandbox: 'Getting a sandbox',
  restore: 'Restoring files',
  clone: 'Cloning the repository',
  open: 'Opening terminals',
  save: 'Saving files',
  remove: 'Removing the sandbox',
}
const TICK_MS = 200

interface PhaseListProps {
  name: string
  kind: 'starting' | 'stopping'
  phases: readonly PhaseView[]
}

/** What a start or stop has done, and what it is at, with times. */
export function PhaseList({ name, kind, phases }: PhaseListProps) {
  const [now, setNow] = useState(() => Date.now())
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), TICK_MS)
    return () => clearInterval(timer)
  }, [])
  return (
    <div className="mx-auto max-w-md px-6 py-16">
      <h2 className="text-lg font-semibold [overflow-wrap:anywhere]">
        {kind === 'starting' ? `Starting ${name}` : `Stopping ${name}`}
      </h2>
      <ol aria-live="polite" className="mt-5 flex flex-col gap-3.5">
        {phases.map((phase) => (
          <li key={`${phase.name}-${phase.startedAt}`} className="flex gap-3">
            <span className="mt-0.5 flex size-4 shrink-0 items-center justify-center">
              {phase.endedAt === undefined ? (
                <SpinnerWheel className="text-accent-text" />
              ) : (
                <Check aria-hidden size={16} strokeWidth={2} className="text-ok" />
              )}
            </span>
            <div className="min-w-0 grow">
              <div className="flex items-baseline gap-3">
                <span className={phase.endedAt === undefined ? 'grow text-text' : 'grow text-muted'}>
                  {WORDS[phase.name]}
                </span>
                <span className="text-xs text-muted tabular-nums">
                  {formatDuration((phase.endedAt ?? now) - phase.startedAt)}
                </span>
              </div>
              {phase.detail !== undefined && <p className="truncate text-xs text-muted">{phase.detail}</p>}
              {phase.percent !== undefined && phase.endedAt === undefined && (
                <Progress label={WORDS[phase.name]} percent={phase.percent} className="mt-1.5" />
              )}
            </div>
          </li>
        ))}
      </ol>
    </div>
  )
}
