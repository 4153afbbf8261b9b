'use client'

import { useSyncExternalStore } from 'react'
import { WifiOff } from 'lucide-react'
import { RETURN_PATIENCE_MS } from './stores/limits.ts'
import { useStore, useWorkbench } from './use-workbench.tsx'

const TICK_MS = 250
/** A loss that heals at once is not worth a word. */
const QUIET_ATTEMPTS = 1

/** The connection is lost: when it is tried again, and a way not to wait. Work goes on meanwhile. */
export function ReconnectBanner() {
  const workbench = useWorkbench()
  const state = useStore(workbench.connection.state)
  const isWaiting = state.kind === 'waiting'
  const isReturning = state.kind === 'connecting' && (state.isReturn || state.attempt > QUIET_ATTEMPTS)
  const isTicking = isWaiting || isReturning
  const now = useSyncExternalStore(isTicking ? onTick : never, tick, tick)
  const isLong = isReturning && now - state.since > RETURN_PATIENCE_MS
  if (!isWaiting && !isLong && !(isReturning && state.attempt > QUIET_ATTEMPTS)) return null
  const seconds = isWaiting ? Math.max(0, Math.ceil((state.retryAt - now) / 1000)) : 0
  return (
    <div
      data-testid="reconnect-banner"
      className="flex h-7 shrink-0 items-center justify-center gap-2 bg-attention-soft px-3 text-xs text-attention"
    >
      <WifiOff aria-hidden size={14} strokeWidth={1.75} className="shrink-0" />
      <output className="truncate">
        {isWaiting ? `${state.reason} What you type is kept.` : 'Reconnecting. What you type is kept.'}
      </output>
      {isWaiting && (
        <span className="shrink-0 tabular-nums" aria-hidden>
          {seconds > 0 ? `Trying again in ${seconds} s` : 'Trying again'}
        </span>
      )}
      {(isWaiting || isLong) && (
        <button
          type="button"
          className="shrink-0 font-medium underline underline-offset-2"
          onClick={() => workbench.connection.retryNow()}
        >
          Retry now
        </button>
      )}
    </div>
  )
}

/** Now, to the tick (ms since the epoch): the same within one drawing. */
function tick(): number {
  return Math.floor(Date.now() / TICK_MS) * TICK_MS
}

function onTick(listener: () => void): () => void {
  const timer = setInterval(listener, TICK_MS)
  return () => clearInterval(timer)
}

function never(): () => void {
  return () => undefined
}
