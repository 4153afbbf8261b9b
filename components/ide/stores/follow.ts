import type { Person, Place } from '#protocol/people.ts'
import type { People } from './people.ts'
import { Store } from './store.ts'

/** Going along with somebody from file to file, until one does something oneself. */
export class Follow {
  readonly who = new Store<Person | undefined>(undefined)
  readonly #people: People
  readonly #show: (place: Place) => void
  #shown: string | undefined

  constructor(people: People, show: (place: Place) => void) {
    this.#people = people
    this.#show = show
    people.state.subscribe(() => {
      const followed = this.who.getSnapshot()
      if (followed !== undefined) this.start(followed.id)
    })
  }

  /** Whoever is not here, or not any more, is not followed. */
  start(id: string): void {
    const person = this.#people.state.getSnapshot().others.find((other) => other.id === id)
    if (person?.id !== this.who.getSnapshot()?.id) this.#shown = undefined
    this.who.set(person)
    const place = person?.places[0]
    const key = JSON.stringify(place)
    if (place === undefined || key === this.#shown) return
    this.#shown = key
    this.#show(place)
  }

  stop(): void {
    this.who.set(undefined)
    this.#shown = undefined
  }
}
