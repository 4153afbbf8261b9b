'use client'

import { useEffect, useState } from 'react'
import { Check, X } from 'lucide-react'
import { cx } from '#components/ui/cx.ts'
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
  phases: readonly PhaseView[]
  /** The last of them is where it failed. */
  hasFailed?: boolean
  className?: string
}

/** What a start or stop has done, and what it is at, with times. */
export function PhaseList({ phases, hasFailed = false, className }: PhaseListProps) {
  const [now, setNow] = useState(() => Date.now())
  useEffect(() => {
    if (hasFailed) return
    const timer = setInterval(() => setNow(Date.now()), TICK_MS)
    return () => clearInterval(timer)
  }, [hasFailed])
  const current = phases.at(-1)
  return (
    <div className={className}>
      {/* Of its own: the times below change all the while, and nobody wants to hear them. */}
      <output className="sr-only">{current !== undefined && !hasFailed && WORDS[current.name]}</output>
      <ol className="flex flex-col gap-3.5">
        {phases.map((phase) => {
          const outcome = phase.endedAt === undefined ? 'going-on' : hasFailed && phase === current ? 'failed' : 'done'
          return (
            <li key={`${phase.name}-${phase.startedAt}`} className="flex gap-3">
              <span className="mt-0.5 flex size-4 shrink-0 items-center justify-center">{MARKS[outcome]}</span>
              <div className="min-w-0 grow">
                <div className="flex items-baseline gap-3">
                  <span className={cx('grow', outcome === 'done' ? 'text-muted' : 'text-text')}>
                    {WORDS[phase.name]}
                    {outcome === 'failed' && <span className="sr-only"> failed</span>}
                  </span>
                  <span className="text-xs text-muted tabular-nums">
                    {formatDuration((phase.endedAt ?? now) - phase.startedAt)}
                  </span>
                </div>
                {phase.detail !== undefined && (
                  <p
                    className={cx('text-xs text-muted', outcome === 'failed' ? '[overflow-wrap:anywhere]' : 'truncate')}
                  >
                    {phase.detail}
                  </p>
                )}
                {phase.percent !== undefined && outcome === 'going-on' && (
                  <Progress label={WORDS[phase.name]} percent={phase.percent} className="mt-1.5" />
                )}
              </div>
            </li>
          )
        })}
      </ol>
    </div>
  )
}

const MARKS = {
  'going-on': <SpinnerWheel className="text-accent-text" />,
  done: <Check aria-hidden size={16} strokeWidth={2} className="text-ok" />,
  failed: <X aria-hidden size={16} strokeWidth={2} className="text-failed" />,
} as const
