import type { TerminalInfo } from '#protocol/messages.ts'
import type { Person, Place } from '#protocol/people.ts'

const ROLES = { owner: 'Owner', editor: 'Can edit', viewer: 'Read-only' } as const

/** What somebody may do here, in a word or two. */
export function roleWords({ role }: Person): string {
  return ROLES[role]
}

/** "src/index.ts", "Terminal 2"; nothing of a terminal that is closed. */
export function placeWords(place: Place, terminals: readonly TerminalInfo[]): string | undefined {
  if ('file' in place) return place.file
  return terminals.find(({ id }) => id === place.terminal)?.name
}

/** "Ada", "Ada and Grace", "Ada and 2 others". */
export function namesWords(people: readonly Person[]): string {
  const [first, second, ...rest] = people.map(({ name }) => name)
  if (first === undefined) return ''
  if (second === undefined) return first
  return rest.length === 0 ? `${first} and ${second}` : `${first} and ${rest.length + 1} others`
}
