'use client'

import { Popover, PopoverContent, PopoverTrigger } from '#components/ui/popover.tsx'
import type { Person } from '#protocol/people.ts'
import { useIsPhone } from '../use-is-phone.ts'
import { useStore, useWorkbench } from '../use-workbench.tsx'
import { PersonAvatar } from './person-avatar.tsx'
import { PersonRow } from './person-row.tsx'
import { namesWords } from './place-words.ts'

const SHOWN = { phone: 2, desktop: 4 } as const

/** Who else is here: their pictures, and a list of where they are. Nothing for somebody who is alone. */
export function PeopleButton() {
  const workbench = useWorkbench()
  const { me, others } = useStore(workbench.people.state)
  const news = useStore(workbench.people.news)
  const most = useIsPhone() ? SHOWN.phone : SHOWN.desktop
  return (
    <>
      <output className="sr-only">{news}</output>
      {others.length > 0 && (
        <Popover>
          <PopoverTrigger className="mr-1 flex h-7 items-center rounded-md px-1 hover:bg-hover data-[state=open]:bg-hover">
            <span className="sr-only">Also here: {namesWords(others)}</span>
            <Stack people={others} most={most} />
          </PopoverTrigger>
          <PopoverContent
            label="Who is here"
            align="end"
            className="w-80"
            // Where one has gone to has the focus.
            onCloseAutoFocus={(event) => {
              if (document.activeElement !== document.body) event.preventDefault()
            }}
          >
            <ul aria-label="People">
              {me !== undefined && <PersonRow person={me} isMe />}
              {others.map((person) => (
                <PersonRow key={person.id} person={person} />
              ))}
            </ul>
          </PopoverContent>
        </Popover>
      )}
    </>
  )
}

/** Their pictures, one over the other, and how many more there are. */
function Stack({ people, most }: { people: readonly Person[]; most: number }) {
  return (
    <span aria-hidden className="flex items-center -space-x-1">
      {people.slice(0, most).map((person) => (
        <PersonAvatar key={person.id} person={person} className="ring-2 ring-panel" />
      ))}
      {people.length > most && (
        <span className="z-10 flex h-6 items-center rounded-full bg-raised px-1.5 text-xs tabular-nums text-soft ring-2 ring-panel">
          +{people.length - most}
        </span>
      )}
    </span>
  )
}
