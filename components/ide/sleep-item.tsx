'use client'

import { Coffee, Moon, Square } from 'lucide-react'
import {
  DropdownMenu,
  DropdownMenuContent,
  DropdownMenuItem,
  DropdownMenuSeparator,
  DropdownMenuTrigger,
} from '#components/ui/dropdown-menu.tsx'
import { useNow } from '#components/use-now.ts'
import { sleepWords } from './sleep-words.ts'
import { useRepl, useWorkbench } from './use-workbench.tsx'

const TICK_MS = 15_000
const CHOICES_HOURS = [1, 4, 12] as const

/** When the REPL sleeps and why it does not yet, in the status bar; a menu changes that. */
export function Sleep() {
  const view = useRepl()
  const { canEdit } = useWorkbench().repl
  const now = useNow(Date.now, TICK_MS)
  const words = view.state.kind === 'running' ? sleepWords(view, now) : undefined
  if (words === undefined) return null
  const isKept = view.awakeUntil !== undefined
  return (
    <DropdownMenu>
      <DropdownMenuTrigger
        data-testid="sleep-state"
        aria-label={`${words.short}. ${words.why}`}
        className="flex h-full min-w-0 cursor-default items-center gap-1.5 -outline-offset-2 hover:text-text data-[state=open]:text-text [&_svg]:size-3.5 [&_svg]:shrink-0 [&_svg]:stroke-[1.5]"
      >
        {isKept ? <Coffee aria-hidden /> : <Moon aria-hidden />}
        <span className="tabular-nums max-sm:sr-only">{words.short}</span>
      </DropdownMenuTrigger>
      <DropdownMenuContent label="Sleep" side="top" align="start">
        <p className="max-w-72 whitespace-normal px-2 py-1.5 text-xs text-soft">{words.why}</p>
        {canEdit && <Choices isKept={isKept} />}
      </DropdownMenuContent>
    </DropdownMenu>
  )
}

function Choices({ isKept }: { isKept: boolean }) {
  const { repl } = useWorkbench()
  return (
    <>
      <DropdownMenuSeparator />
      {CHOICES_HOURS.map((hours) => (
        <DropdownMenuItem key={hours} icon={<Coffee aria-hidden />} onSelect={() => void repl.keepAwake(hours * 60)}>
          {`Keep awake for ${hours} ${hours === 1 ? 'hour' : 'hours'}`}
        </DropdownMenuItem>
      ))}
      {isKept && (
        <DropdownMenuItem icon={<Moon aria-hidden />} onSelect={() => void repl.keepAwake(0)}>
          Let it sleep when nothing happens
        </DropdownMenuItem>
      )}
      <DropdownMenuSeparator />
      <DropdownMenuItem icon={<Square aria-hidden />} onSelect={() => void repl.stop()}>
        Stop now
      </DropdownMenuItem>
    </>
  )
}
