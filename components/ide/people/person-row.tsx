'use client'

import { FileText, TerminalSquare } from 'lucide-react'
import { Button } from '#components/ui/button.tsx'
import { PopoverClose } from '#components/ui/popover.tsx'
import type { Person } from '#protocol/people.ts'
import { showPlace } from '../stores/actions.ts'
import { useStore, useWorkbench } from '../use-workbench.tsx'
import { PersonAvatar } from './person-avatar.tsx'
import { placeWords, roleWords } from './place-words.ts'

const YOU = 'You'

interface PersonRowProps {
  person: Person
  isMe?: boolean
}

/** One of those who are here: who, as what, and where, with the ways to be there too. */
export function PersonRow({ person, isMe = false }: PersonRowProps) {
  const workbench = useWorkbench()
  // Who signed in on this machine is called otherwise by others.
  const name = isMe ? workbench.account.name : person.name
  const role = roleWords(person)
  return (
    <li className="flex items-center gap-2.5 rounded-sm px-2 py-1.5">
      <PersonAvatar person={person} size="lg" />
      <div className="min-w-0 grow">
        <p className="truncate">
          <span className="font-medium">{name}</span>
          {isMe && name !== YOU && <span className="text-muted"> (you)</span>}
          {role !== name && <span className="text-xs text-muted"> · {role}</span>}
        </p>
        <Where person={person} isMe={isMe} />
      </div>
      {!isMe && (
        <PopoverClose>
          <Button
            size="sm"
            variant="ghost"
            aria-label={`Follow ${person.name}`}
            onClick={() => workbench.follow.start(person.id)}
          >
            Follow
          </Button>
        </PopoverClose>
      )}
    </li>
  )
}

function Where({ person: { name, places }, isMe }: { person: Person; isMe: boolean }) {
  const workbench = useWorkbench()
  const { list } = useStore(workbench.terminals.state)
  const [place] = places
  const words = place === undefined ? undefined : placeWords(place, list)
  if (place === undefined || words === undefined) return <p className="text-xs text-muted">In no file or terminal</p>
  const Icon = 'file' in place ? FileText : TerminalSquare
  const where = (
    <>
      <Icon aria-hidden size={12} strokeWidth={1.5} className="shrink-0" />
      <span className="truncate">{words}</span>
    </>
  )
  if (isMe) return <p className="flex min-w-0 items-center gap-1 text-xs text-muted">{where}</p>
  return (
    <PopoverClose>
      <button
        type="button"
        title={words}
        aria-label={`Go to ${words}, where ${name} is`}
        className="flex max-w-full items-center gap-1 rounded-sm text-xs text-accent-text hover:underline"
        onClick={() => showPlace(workbench, place)}
      >
        {where}
      </button>
    </PopoverClose>
  )
}
