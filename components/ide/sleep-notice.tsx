'use client'

import { Moon } from 'lucide-react'
import { useNow } from '#components/use-now.ts'
import { KEEP_AWAKE_MINUTES, SLEEP_WARNING_MS } from './stores/limits.ts'
import { useRepl, useWorkbench } from './use-workbench.tsx'

const TICK_MS = 10_000

/** Nothing happens in the REPL, and it is about to sleep: when, and a way to keep it awake. */
export function SleepNotice() {
  const workbench = useWorkbench()
  const { state, sleepsAt, isEphemeral } = useRepl()
  const now = useNow(Date.now, TICK_MS)
  if (state.kind !== 'running' || sleepsAt === undefined || sleepsAt - now > SLEEP_WARNING_MS) return null
  const minutes = Math.max(1, Math.ceil((sleepsAt - now) / 60_000))
  const what = isEphemeral === true ? 'Deleted' : 'Sleeps'
  return (
    <div
      data-testid="sleep-notice"
      className="flex h-7 shrink-0 items-center justify-center gap-2 bg-attention-soft px-3 text-xs text-attention"
    >
      <Moon aria-hidden size={14} strokeWidth={1.75} className="shrink-0" />
      <output className="truncate">{`${what} in ${minutes} min, since nothing happens here.`}</output>
      {workbench.repl.canEdit && (
        <button
          type="button"
          className="shrink-0 font-medium underline underline-offset-2"
          onClick={() => void workbench.repl.keepAwake(KEEP_AWAKE_MINUTES)}
        >
          Keep awake
        </button>
      )}
    </div>
  )
}
