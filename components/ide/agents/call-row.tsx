'use client'

import { memo } from 'react'
import { Check, ChevronRight, CircleStop, X } from 'lucide-react'
import { cx } from '#components/ui/cx.ts'
import { IconButton } from '#components/ui/icon-button.tsx'
import { SpinnerWheel } from '#components/ui/spinner.tsx'
import { formatDuration } from '../format.ts'
import { clockOf } from '../history/timeline.ts'
import type { AgentCall } from '#protocol/agents.ts'
import { useSelected, useWorkbench } from '../use-workbench.tsx'
import { stopCommand } from './actions.ts'
import { CallDetails } from './call-details.tsx'
import { aboutOf, verbOf } from './runs.ts'

/**
 * One tool call; opened, everything about it. Drawn anew only for what is its own: there are hundreds, and an agent opens
 * and ends terminals many times a second.
 */
export const CallRow = memo(function CallRow({ call }: { call: AgentCall }) {
  const workbench = useWorkbench()
  const { agents, terminals, repl } = workbench
  const { id: callId, tool, startedAt, endedAt, terminal } = call
  const isOpen = useSelected(agents.open, (open) => open.has(callId))
  const isRunning = endedAt === undefined
  const runsStill = useSelected(terminals.state, ({ list }) =>
    list.some(({ id, exit }) => id === terminal && exit === undefined),
  )
  const about = aboutOf(call)
  const words = `${verbOf(tool, isRunning)}${about === '' ? '' : ` ${about}`}`
  return (
    <li className={cx(isOpen && 'bg-hover/60')}>
      <div className="flex items-center gap-1 pr-1.5">
        <button
          type="button"
          aria-expanded={isOpen}
          onClick={() => agents.toggle(callId)}
          className="flex min-w-0 grow items-start gap-2 py-1.5 pl-2.5 text-left -outline-offset-2 hover:bg-hover"
        >
          <ChevronRight
            aria-hidden
            size={14}
            strokeWidth={1.5}
            className={cx('mt-0.5 shrink-0 text-muted transition-transform', isOpen && 'rotate-90')}
          />
          <Outcome call={call} />
          <span className="min-w-0 grow">
            <span className="block truncate text-text" title={words}>
              {verbOf(tool, isRunning)} {about !== '' && <span className="font-mono text-xs">{about}</span>}
            </span>
            <span className="block truncate text-xs text-muted tabular-nums">
              {clockOf(startedAt)}
              {endedAt !== undefined && ` · ${tookWords(endedAt - startedAt)}`}
              {call.ok === false && ' · failed'}
              {runsStill && !isRunning && ' · still runs'}
            </span>
          </span>
        </button>
        {runsStill && terminal !== undefined && repl.canEdit && (
          <IconButton label={`Stop ${about === '' ? tool : about}`} onClick={() => stopCommand(workbench, terminal)}>
            <CircleStop aria-hidden />
          </IconButton>
        )}
      </div>
      {isOpen && <CallDetails call={call} />}
    </li>
  )
})

function tookWords(ms: number): string {
  return ms < 1000 ? `${Math.max(0, Math.round(ms))} ms` : formatDuration(ms)
}

function Outcome({ call: { endedAt, ok } }: { call: AgentCall }) {
  if (endedAt === undefined) return <SpinnerWheel className="mt-0.5 size-3.5! shrink-0" />
  const Icon = ok === false ? X : Check
  return (
    <Icon
      aria-hidden
      size={14}
      strokeWidth={1.75}
      className={cx('mt-0.5 shrink-0', ok === false ? 'text-failed' : 'text-ok')}
    />
  )
}
