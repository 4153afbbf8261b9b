import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import type { SandboxPart } from '#server/orchestrator/orchestrator.ts'
import { PATIENCE_MS, eventually } from '#server/workspaces/faults/_eventually.ts'
import { ControlProcess } from '#server/workspaces/faults/_control-process.ts'
import { Person } from '#server/workspaces/faults/_person.ts'
import type { Random } from '#server/workspaces/faults/_random.ts'
import { startRedis } from '#server/workspaces/faults/_redis.ts'
import type { Redis } from '#server/workspaces/faults/_redis.ts'

const ROOT = join(import.meta.dirname, '../../..')

const processSchema = z.object({ pid: z.int() })
const partSchema = z.object({ main: processSchema, init: processSchema.optional() })
const recordSchema = z.object({
  label: z.object({ replId: z.string() }).optional(),
  parts: z.object({ runner: partSchema.optional(), sidecar: partSchema.optional() }),
})

/** The whole product but its pages, in processes that can be killed, with people at work in their repls. */
export class Product implements AsyncDisposable {
  readonly random: Random
  readonly people: Person[] = []
  readonly redis: Redis | undefined
  control: ControlProcess
  readonly #dataFolder: string
  /** Every sandbox that was ever seen: at the end none of them may have left a process. */
  readonly #seen = new Set<string>()

  private constructor(
    dataFolder: string,
    { random, redis, control }: { random: Random; redis: Redis | undefined; control: ControlProcess },
  ) {
    this.#dataFolder = dataFolder
    this.random = random
    this.redis = redis
    this.control = control
  }

  static async start({ random, people }: { random: Random; people: number }): Promise<Product> {
    const dataFolder = await mkdtemp(join(tmpdir(), 'devex-product-'))
    const redis = await startRedis(join(dataFolder, 'redis'))
    const control = await ControlProcess.start(settingsOf(dataFolder, { redis, port: 0 }))
    const product = new Product(dataFolder, { random, redis, control })
    for (let count = 0; count < people; count += 1) {
      const replId = z.string().parse(await control.ask('create'))
      await control.ask('running', replId)
      product.people.push(new Person(replId, random.split(), () => product.control))
    }
    return product
  }

  anybody(): Person {
    const person = this.people[this.random.int(this.people.length)]
    if (person === undefined) throw new Error('Nobody is here.')
    return person
  }

  /** A control plane like the one that was killed, on the same port and data. */
  async restart(): Promise<void> {
    this.control = await ControlProcess.start(
      settingsOf(this.#dataFolder, { redis: this.redis, port: this.control.port }),
    )
  }

  /** Forgets all records: users, repls, keys. The control plane is down meanwhile. */
  async emptyState(): Promise<void> {
    if (this.redis !== undefined) await this.redis.empty()
    else for (const end of ['', '-wal', '-shm']) await rm(join(this.#dataFolder, `state.sqlite${end}`), { force: true })
  }

  /** What an admin runs after that. */
  recover(ownerId: string): string {
    const { env } = settingsOf(this.#dataFolder, { redis: this.redis, port: 0 })
    return execFileSync(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', 'scripts/recover.ts', '--owner', ownerId, '--user', 'local'],
      {
        cwd: ROOT,
        encoding: 'utf8',
        env: { NODE_ENV: 'production', PATH: '/usr/bin:/bin', ...env, DEVEX_DATA: this.#dataFolder },
      },
    )
  }

  /** Kills a part of a repl's sandbox itself: within bubblewrap it is the child of process 1. */
  killPart(replId: string, part: SandboxPart): void {
    const [sandbox] = this.sandboxesOf(replId)
    const record = sandbox?.parts[part]
    if (record === undefined) throw new Error(`${replId} has no ${part} to kill.`)
    const pid = record.init === undefined ? record.main.pid : firstChildOf(record.init.pid)
    process.kill(pid, 'SIGKILL')
  }

  /** Sandboxes that say they are the repl's. */
  sandboxesOf(replId: string): z.infer<typeof recordSchema>[] {
    const root = join(this.#dataFolder, 'sandboxes')
    return readdirSync(root).flatMap((name) => {
      if (name.includes('.')) return []
      this.#seen.add(name)
      try {
        const record = recordSchema.parse(JSON.parse(readFileSync(join(root, name, 'sandbox.json'), 'utf8')))
        return record.label?.replId === replId ? [record] : []
      } catch {
        // It is being removed.
        return []
      }
    })
  }

  /** Waits until a repl is in one of `states`; a control plane that has just been restarted may refuse for a while. */
  async until(replId: string, ...states: string[]): Promise<void> {
    let state: unknown
    const isSo = async () => {
      state = await this.control.ask('state', replId)
      return typeof state === 'string' && states.includes(state)
    }
    const why = () => `It is ${String(state)}.\n${this.control.log.slice(-10).join('\n')}\n`
    await eventually(`${replId} is ${states.join(' or ')}`, isSo, why)
  }

  /** Everybody finds what they were promised, in one sandbox. */
  async check(...people: Person[]): Promise<void> {
    for (const person of people) {
      const faults = await person.faults()
      if (faults.length > 0) throw new Error(`${faults.join('\n')}\n${this.control.log.slice(-10).join('\n')}`)
      await eventually(`${person.replId} has one sandbox`, async () => this.sandboxesOf(person.replId).length === 1)
    }
  }

  /** Stops everything; what is left of it then is an orphan. */
  async end(): Promise<void> {
    await this.control.ask('stop-all')
    for (const { replId } of this.people) {
      if (this.sandboxesOf(replId).length > 0) throw new Error(`${replId} was stopped and has a sandbox.`)
    }
    await this.control.end()
    await eventually(
      'no process of a sandbox is left',
      async () => this.#orphans().length === 0,
      () => this.#orphans().join('\n'),
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const person of this.people) person[Symbol.dispose]()
    await this.control.ask('stop-all').catch(() => undefined)
    await this.control.end()
    await this.redis?.[Symbol.asyncDispose]()
    await rm(this.#dataFolder, { recursive: true, force: true })
  }

  #orphans(): string[] {
    return readdirSync('/proc').flatMap((pid) => {
      if (!/^\d+$/.test(pid)) return []
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
        const environment = readFileSync(`/proc/${pid}/environ`, 'utf8')
        const isOurs = [...this.#seen].some((id) => command.includes(id) || environment.includes(id))
        return isOurs ? [`${pid} ${command}`] : []
      } catch {
        return []
      }
    })
  }
}

function settingsOf(dataFolder: string, { redis, port }: { redis: Redis | undefined; port: number }) {
  return {
    dataFolder,
    controlSocket: join(dataFolder, 'control.sock'),
    port,
    patienceMs: PATIENCE_MS,
    env: {
      ALLOW_UNISOLATED: 'true',
      SPARE_SANDBOXES: '1',
      ...(redis !== undefined && { STATE_STORE: 'redis', REDIS_URL: redis.url }),
    },
  }
}

function firstChildOf(pid: number): number {
  const file = `/proc/${pid}/task/${pid}/children`
  const [first] = existsSync(file) ? readFileSync(file, 'utf8').trim().split(' ') : []
  if (first === undefined || first === '') throw new Error(`Process ${pid} has no child.`)
  return Number(first)
}
