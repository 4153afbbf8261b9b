import type { ControlProcess } from '#server/workspaces/faults/_control-process.ts'
import { openEditor } from '#server/workspaces/faults/_editor.ts'
import type { Editor } from '#server/workspaces/faults/_editor.ts'
import { createLedger } from '#server/workspaces/faults/_ledger.ts'
import type { Ledger } from '#server/workspaces/faults/_ledger.ts'
import { eventually } from '#server/workspaces/faults/_eventually.ts'
import type { Random } from '#server/workspaces/faults/_random.ts'

const FILES = 5
/** One of so many edits is typed into a terminal. */
const TERMINAL_SHARE = 4

/** Somebody who works in a repl, and believes only what is acknowledged. */
export class Person implements Disposable {
  readonly replId: string
  readonly ledger: Ledger
  readonly #random: Random
  readonly #control: () => ControlProcess
  readonly #etags = new Map<string, string | null>()
  #editor: Editor | undefined

  constructor(replId: string, random: Random, control: () => ControlProcess) {
    this.replId = replId
    this.ledger = createLedger(random.split())
    this.#random = random
    this.#control = control
  }

  /** Works until `event` is over, or the connection breaks. At least `edits` are acknowledged before it begins. */
  async workingDuring<T>(event: () => Promise<T>, edits = 3): Promise<T> {
    // What was open before may be broken by now.
    this.leave()
    await this.#connected()
    for (let count = 0; count < edits; count += 1) await this.#edit()
    const over = new AbortController()
    const work = (async () => {
      while (!over.signal.aborted) await this.#edit()
    })().catch(() => undefined)
    try {
      return await event()
    } finally {
      over.abort()
      await work
      this.leave()
    }
  }

  /** Reads everything back through the product, waking the repl. */
  async faults(): Promise<string[]> {
    let found = new Map<string, string>()
    await eventually(
      `${this.replId} can be read`,
      async () => {
        this.leave()
        await this.#connected()
        found = await this.#readAll()
        return true
      },
      () => this.#control().log.slice(-12).join('\n'),
    )
    this.leave()
    return this.ledger.faultsOf(found, 'acknowledged')
  }

  leave(): void {
    this.#editor?.[Symbol.dispose]()
    this.#editor = undefined
    this.#etags.clear()
  }

  [Symbol.dispose](): void {
    this.leave()
  }

  async #connected(): Promise<void> {
    const { port, cookie } = this.#control()
    await eventually(`${this.replId} can be opened`, async () => {
      this.#editor ??= await openEditor({ port, cookie, replId: this.replId })
      return true
    })
  }

  async #readAll(): Promise<Map<string, string>> {
    const found = new Map<string, string>()
    for (const file of this.ledger.files()) {
      const there = await this.#editor?.read(file)
      if (there !== undefined) found.set(file, there.content)
    }
    return found
  }

  async #edit(): Promise<void> {
    const editor = this.#editor
    if (editor === undefined) throw new Error('Nobody is connected.')
    if (this.#random.int(TERMINAL_SHARE) === 0) await this.#typeEdit(editor)
    else await this.#writeEdit(editor)
  }

  async #writeEdit(editor: Editor): Promise<void> {
    const file = `file-${this.#random.int(FILES)}`
    const known = this.#etags.get(file)
    const etag = known === undefined ? ((await editor.read(file))?.etag ?? null) : known
    const { version, content } = this.ledger.attempt(file)
    this.#etags.set(file, await editor.write(file, content, etag))
    this.ledger.acknowledge(file, version)
  }

  /** Acknowledged by being read back: the shell says so only if the file is what was typed. */
  async #typeEdit(editor: Editor): Promise<void> {
    const file = `typed-${this.#random.int(2)}`
    const { version, content } = this.ledger.attempt(file, 'short')
    const [first = '', second = ''] = content.split('\n')
    await editor.run(`printf '%s\\n%s\\n' '${first}' '${second}' > .part && mv .part ${file} && [ "$(tail -1 ${file})" = ${second} ]`) // prettier-ignore
    this.ledger.acknowledge(file, version)
  }
}
