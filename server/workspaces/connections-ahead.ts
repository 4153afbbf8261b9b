import type { Duplex } from 'node:stream'

/** How long a connection that was made ahead waits to be used. */
const AHEAD_LIMIT_MS = 10_000

interface Kept {
  connection: Duplex
  /** Called once it is used or lost: it is nobody's business here any more. */
  release: () => void
}

/** Connections to sandboxes, made while something else is waited for. Each serves once. */
export class ConnectionsAhead {
  readonly #dial: (sandboxId: string) => Promise<Duplex>
  readonly #kept = new Map<string, Kept>()

  constructor(dial: (sandboxId: string) => Promise<Duplex>) {
    this.#dial = dial
  }

  /** Connects, unless a connection waits there already. It is closed where nobody takes it in time. */
  async make(sandboxId: string): Promise<void> {
    if (this.#kept.has(sandboxId)) return
    const connection = await this.#dial(sandboxId)
    if (this.#kept.has(sandboxId)) connection.destroy()
    else this.#keep(sandboxId, connection)
  }

  /** The one that was made, or a fresh one. */
  async take(sandboxId: string): Promise<Duplex> {
    const kept = this.#kept.get(sandboxId)
    kept?.release()
    return kept?.connection ?? (await this.#dial(sandboxId))
  }

  #keep(sandboxId: string, connection: Duplex): void {
    const lose = () => {
      release()
      connection.on('error', () => undefined).destroy()
    }
    const timer = setTimeout(lose, AHEAD_LIMIT_MS).unref()
    const release = () => {
      clearTimeout(timer)
      connection.off('error', lose).off('close', lose)
      this.#kept.delete(sandboxId)
    }
    connection.on('error', lose).on('close', lose)
    this.#kept.set(sandboxId, { connection, release })
  }
}
