import { isDeepStrictEqual } from 'node:util'
import type { AttachClaims } from '#protocol/claims.ts'
import { MAX_PLACES } from '#protocol/limits.ts'
import type { EventData } from '#protocol/messages.ts'
import type { Person, Place } from '#protocol/people.ts'
import { PEOPLE_GATHER_MS, PEOPLE_REST_MS } from '../limits.ts'

type Told = EventData<'people.changed'>

/** One page of somebody, as it says who they are by its token. */
interface Page {
  readonly claims: AttachClaims
}

interface Standing {
  place: Place | null
  /** Counts up with every move: of a person's pages the last one moved counts first. */
  movedAt: number
}

/** Who is here and where, by their connections. Comings, goings and moves are gathered before they are told. */
export class People {
  readonly #pages = new Map<Page, Standing>()
  readonly #tell: (told: Told) => void
  #told: Told = { people: [] }
  #moves = 0
  #timer: NodeJS.Timeout | undefined
  /** Of `performance.now`. */
  #restsUntil = 0

  constructor(tell: (told: Told) => void) {
    this.#tell = tell
  }

  /** Somebody has come with a page; the answer is for them, the others hear of it soon. */
  joined(page: Page): Told {
    this.#pages.set(page, { place: null, movedAt: 0 })
    this.#changed()
    return this.#everybody()
  }

  moved(page: Page, place: Place | null): void {
    // What a page asked for just before its line was cut comes too late.
    if (!this.#pages.has(page)) return
    this.#pages.set(page, { place, movedAt: ++this.#moves })
    this.#changed()
  }

  left(page: Page): void {
    this.#pages.delete(page)
    if (this.#pages.size > 0) return this.#changed()
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#told = { people: [] }
  }

  #changed(): void {
    const waitMs = Math.max(PEOPLE_GATHER_MS, this.#restsUntil - performance.now())
    this.#timer ??= setTimeout(() => this.#tellChange(), waitMs)
  }

  #tellChange(): void {
    this.#timer = undefined
    const now = this.#everybody()
    if (isDeepStrictEqual(now, this.#told)) return
    this.#told = now
    this.#restsUntil = performance.now() + PEOPLE_REST_MS
    this.#tell(now)
  }

  #everybody(): Told {
    const pages = Map.groupBy(this.#pages, ([{ claims }]) => claims.sub)
    return { people: [...pages.values()].flatMap((pagesOfOne) => personOf(pagesOfOne)) }
  }
}

/** The latest page's token says who somebody is: names and roles change. */
function personOf(pages: [Page, Standing][]): Person[] {
  const claims = pages.at(-1)?.[0].claims
  if (claims === undefined) return []
  const standings = pages.map(([, standing]) => standing).toSorted((a, b) => b.movedAt - a.movedAt)
  const places = standings.flatMap(({ place }) => (place === null ? [] : [place])).slice(0, MAX_PLACES)
  return [{ id: claims.sub, name: claims.actor, role: claims.role, hasAvatar: claims.hasAvatar === true, places }]
}
