'use client'

import { CircleX, TriangleAlert } from 'lucide-react'
import { Popover, PopoverClose, PopoverContent, PopoverTrigger } from '#components/ui/popover.tsx'
import { openFile } from './stores/actions.ts'
import { problemWords } from './stores/problems.ts'
import type { Problem } from './stores/problems.ts'
import { useStore, useWorkbench } from './use-workbench.tsx'

/** What the editor finds wrong in open files, if anything; a press leads there. */
export function Problems() {
  const workbench = useWorkbench()
  const problems = useStore(workbench.problems)
  const [worst] = problems
  if (worst === undefined) return null
  return (
    <Popover>
      <PopoverTrigger
        title="What the editor finds wrong in open files"
        className="flex items-center gap-1.5 rounded-sm hover:text-text max-md:hidden"
      >
        <Mark severity={worst.severity} />
        {problemWords(problems)}
      </PopoverTrigger>
      <PopoverContent label="Problems" align="start" className="w-96">
        <ul>
          {problems.map((problem) => (
            <li key={`${problem.path} ${problem.line} ${problem.column} ${problem.message}`}>
              <PopoverClose>
                <button
                  type="button"
                  className="flex w-full gap-2 rounded-sm px-2 py-1 text-left hover:bg-hover"
                  onClick={() => {
                    const { path, line, column } = problem
                    openFile(workbench, path, { place: { line, column } })
                  }}
                >
                  <span className="mt-0.5">
                    <Mark severity={problem.severity} />
                  </span>
                  <span className="min-w-0 grow">
                    <span className="block [overflow-wrap:anywhere]">{problem.message}</span>
                    <span className="block truncate text-xs text-muted">{`${problem.path}, line ${problem.line}`}</span>
                  </span>
                </button>
              </PopoverClose>
            </li>
          ))}
        </ul>
      </PopoverContent>
    </Popover>
  )
}

function Mark({ severity }: Pick<Problem, 'severity'>) {
  return severity === 'error' ? (
    <CircleX aria-hidden size={14} strokeWidth={1.5} className="shrink-0 text-failed" />
  ) : (
    <TriangleAlert aria-hidden size={14} strokeWidth={1.5} className="shrink-0 text-attention" />
  )
}
