'use client'

import type { ReactNode } from 'react'
import type { Person } from '#protocol/people.ts'
import { useSelected, useStore, useWorkbench } from '../use-workbench.tsx'
import { PersonAvatar } from './person-avatar.tsx'
import { namesWords } from './place-words.ts'

/** Whom one follows, or who else has the file open that one looks at. */
export function CompanyStatus() {
  const workbench = useWorkbench()
  const followed = useStore(workbench.follow.who)
  const active = useSelected(workbench.tabs.state, (tabs) => tabs.active)
  const here = useSelected(workbench.people.state, ({ inFile }) =>
    active === undefined ? undefined : inFile.get(active),
  )
  if (followed !== undefined) {
    return (
      <Line people={[followed]} hint="Until you press a key, click or tap.">
        Following {followed.name}
      </Line>
    )
  }
  if (here === undefined) return null
  return (
    <Line people={here} hint="Everyone's changes are saved to the same file. You are asked where two meet.">
      <span className="max-md:sr-only">
        {namesWords(here)} {here.length === 1 ? 'has' : 'have'} this file open too
      </span>
    </Line>
  )
}

function Line({ people, hint, children }: { people: readonly Person[]; hint: string; children: ReactNode }) {
  const [first] = people
  return (
    <span data-testid="company" title={hint} className="flex min-w-0 items-center gap-1.5 text-soft">
      {first !== undefined && (
        <span aria-hidden className="inline-flex">
          <PersonAvatar person={first} size="sm" className="size-4! text-[9px]!" />
        </span>
      )}
      <span className="truncate">{children}</span>
    </span>
  )
}
