import type { Person } from '#protocol/people.ts'
import type { Connection } from './connection.ts'
import { PEOPLE_NEWS_AFTER_MS } from './limits.ts'
import { Store } from './store.ts'

export interface PeopleState {
  me: Person | undefined
  others: readonly Person[]
  /** By path, the others who have that file before them. */
  inFile: ReadonlyMap<string, readonly Person[]>
}

const NOBODY: PeopleState = { me: undefined, others: [], inFile: new Map() }

/** Who else is in the REPL, and where, as its runner tells. */
export class People implements Disposable {
  readonly state = new Store<PeopleState>(NOBODY)
  /** Who has come and gone lately, to be read out: "Ada joined." */
  readonly news = new Store('')
  readonly #myId: string
  /** The others as they are known to whoever listens; `undefined` before anything was told. */
  #known: ReadonlyMap<string, string> | undefined
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(connection: Connection, myId: string) {
    this.#myId = myId
    connection.on('people.changed', ({ people }) => this.#told(people))
    connection.state.subscribe(() => {
      if (connection.state.getSnapshot().kind !== 'open') this.state.set(NOBODY)
    })
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #told(people: Person[]): void {
    const others = people.filter(({ id }) => id !== this.#myId)
    this.state.set({ me: people.find(({ id }) => id === this.#myId), others, inFile: byFile(others) })
    if (this.#known === undefined) this.#known = namesOf(others)
    else this.#timer ??= setTimeout(() => this.#tellNews(), PEOPLE_NEWS_AFTER_MS)
  }

  #tellNews(): void {
    this.#timer = undefined
    const known = this.#known ?? new Map<string, string>()
    const now = namesOf(this.state.getSnapshot().others)
    this.#known = now
    const joined = [...now].flatMap(([id, name]) => (known.has(id) ? [] : [name]))
    const left = [...known].flatMap(([id, name]) => (now.has(id) ? [] : [name]))
    const news = [sentence(joined, 'joined'), sentence(left, 'left')].filter((words) => words !== '').join(' ')
    if (news !== '') this.news.set(news)
  }
}

function namesOf(people: readonly Person[]): Map<string, string> {
  return new Map(people.map(({ id, name }) => [id, name]))
}

function byFile(people: readonly Person[]): Map<string, Person[]> {
  const pairs = people.flatMap((person) => [...filesOf(person)].map((file) => ({ file, person })))
  const groups = Map.groupBy(pairs, ({ file }) => file)
  return new Map([...groups].map(([file, pairsOfFile]) => [file, pairsOfFile.map(({ person }) => person)]))
}

function filesOf({ places }: Person): Set<string> {
  return new Set(places.flatMap((place) => ('file' in place ? [place.file] : [])))
}

/** "Ada joined.", "Ada and Grace joined.", "3 people joined."; nothing of nobody. */
function sentence(names: string[], did: string): string {
  if (names.length === 0) return ''
  return `${names.length > 2 ? `${names.length} people` : names.join(' and ')} ${did}.`
}
