import type { EventData, EventType } from '#protocol/messages.ts'
import type { Connection } from './connection.ts'
import { People } from './people.ts'

/** Everybody who is connected. */
export class Clients {
  readonly people = new People((told) => this.publish('people.changed', told))
  readonly #connections = new Set<Connection>()
  readonly #onCount: () => void

  /** `onCount` runs when somebody has come or gone. */
  constructor(onCount: () => void) {
    this.#onCount = onCount
  }

  get size(): number {
    return this.#connections.size
  }

  /** Bytes that all of them have not taken yet. */
  get waitingBytes(): number {
    let sum = 0
    for (const { waitingBytes } of this.#connections) sum += waitingBytes
    return sum
  }

  add(connection: Connection): void {
    this.#connections.add(connection)
    connection.publish('people.changed', this.people.joined(connection))
    this.#onCount()
  }

  remove(connection: Connection): void {
    this.#connections.delete(connection)
    this.people.left(connection)
    this.#onCount()
  }

  publish<T extends EventType>(event: T, data: EventData<T>): void {
    for (const connection of this.#connections) connection.publish(event, data)
  }

  closeAll(code: number, reason: string): void {
    for (const connection of this.#connections) connection.close(code, reason)
  }

  terminateAll(): void {
    for (const connection of this.#connections) connection.terminate()
  }
}
