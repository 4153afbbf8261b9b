import { Avatar } from '#components/ui/avatar.tsx'
import type { PersonView } from '#server/repls/views.ts'

const SHOWN = 3

/** The others who are in a repl now. */
export function ReplPeople({ people }: { people: readonly PersonView[] }) {
  const names = people.map(({ name }) => name).join(', ')
  return (
    <span title={`In it now: ${names}`} className="flex shrink-0 items-center">
      <span className="sr-only">In it now: {names}</span>
      <span aria-hidden className="flex items-center -space-x-0.5">
        {people.slice(0, SHOWN).map(({ id, name, hasAvatar }) => (
          <Avatar
            key={id}
            id={id}
            name={name}
            size="sm"
            imageUrl={hasAvatar ? `/api/avatar/${id}` : undefined}
            className="ring-2 ring-canvas"
          />
        ))}
      </span>
      {people.length > SHOWN && (
        <span aria-hidden className="ml-1 text-xs tabular-nums text-muted">
          +{people.length - SHOWN}
        </span>
      )}
    </span>
  )
}
