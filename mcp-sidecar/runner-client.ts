import { setTimeout as delay } from 'node:timers/promises'
import * as z from 'zod'
import { RUNNER_ROUTES, openProgressSchema } from '#protocol/adoption.ts'
import type { OpenProgress, OpenRequest } from '#protocol/adoption.ts'
import { parseJsonLines } from '#protocol/json-lines.ts'
import type { Variables } from '#protocol/variables.ts'
import { workSchema } from '#protocol/work.ts'
import { createCaller, readBody } from './http-call.ts'
import {
  MAX_ANSWER_BYTES,
  OPEN_TIMEOUT_MS,
  QUIESCE_TIMEOUT_MS,
  RUNNER_POLL_MS,
  RUNNER_START_POLL_MS,
  VARIABLES_TIMEOUT_MS,
} from './limits.ts'
import { SidecarError } from './sidecar-error.ts'

const healthSchema = z.object({
  /** Id of the runner process: another one means that it was restarted. */
  runner: z.string(),
  opened: z.boolean(),
  /** Milliseconds since the epoch of the last work seen. */
  activeAt: z.number().optional(),
  work: workSchema.optional(),
  /** Bytes of the volume, caches included. */
  usedBytes: z.int().nonnegative().optional(),
})
export type RunnerHealth = z.infer<typeof healthSchema>

export type OpenDone = Extract<OpenProgress, { phase: 'done' }>

const changeSchema = z.object({ path: z.string() })

interface OpenOptions {
  patienceMs: number
  onProgress?: (progress: OpenProgress) => void
}

/** What the sidecar asks of its runner. Nothing that the runner answers is trusted beyond its form. */
export interface Runner extends Disposable {
  /** `undefined`: it does not answer now. */
  health(): Promise<RunnerHealth | undefined>
  /**
   * Opens it for a repl as soon as it listens, or wakes it from `quiesce`. Throws what it says went wrong; `unavailable`
   * where it says nothing within `patienceMs`.
   */
  open(request: OpenRequest, options: OpenOptions): Promise<OpenDone>
  /** What is started from now on has these variables. */
  setVariables(variables: Variables): Promise<void>
  /** Ends every process of the sandbox but the runner. */
  quiesce(): Promise<void>
  /**
   * Calls back with each path (relative to the volume) that the runner saw change, and once without one as soon as it
   * is heard; until it hangs up or `signal` aborts.
   */
  changes(onChange: (path?: string) => void, signal: AbortSignal): Promise<void>
}

/** Calls over the Unix socket that sidecar and runner share. */
export function createRunner(socket: string): Runner {
  const caller = createCaller({ socket })

  const health = async () => {
    try {
      const answer = await caller.stream({ method: 'GET', path: RUNNER_ROUTES.health, timeoutMs: RUNNER_POLL_MS })
      const body = await readBody(answer, MAX_ANSWER_BYTES)
      return healthSchema.parse(JSON.parse(body.toString('utf8')))
    } catch {
      return undefined
    }
  }

  return {
    health,
    open: async (request, { patienceMs, onProgress }) => {
      const answer = await whenListening(patienceMs, (signal) =>
        caller.stream({
          method: 'POST',
          path: RUNNER_ROUTES.open,
          headers: { 'content-type': 'application/json' },
          body: Buffer.from(JSON.stringify(request)),
          timeoutMs: OPEN_TIMEOUT_MS,
          signal,
        }),
      )
      if (answer.statusCode !== 200) await refuse(answer)
      for await (const line of parseJsonLines(answer)) {
        const progress = openProgressSchema.parse(line)
        onProgress?.(progress)
        if (progress.phase === 'done') return progress
        if (progress.phase === 'failed')
          throw new SidecarError(progress.error.code, progress.error.message, { advice: progress.error.advice })
      }
      throw new SidecarError('unavailable', 'The runner hung up while it was opening.')
    },
    setVariables: async (variables) => {
      const answer = await caller.stream({
        method: 'POST',
        path: RUNNER_ROUTES.variables,
        headers: { 'content-type': 'application/json' },
        body: Buffer.from(JSON.stringify({ variables })),
        timeoutMs: VARIABLES_TIMEOUT_MS,
        signal: AbortSignal.timeout(VARIABLES_TIMEOUT_MS),
      })
      if (answer.statusCode !== 200) await refuse(answer)
      answer.resume()
    },
    quiesce: async () => {
      const answer = await caller.stream({
        method: 'POST',
        path: RUNNER_ROUTES.quiesce,
        timeoutMs: QUIESCE_TIMEOUT_MS,
        signal: AbortSignal.timeout(QUIESCE_TIMEOUT_MS),
      })
      if (answer.statusCode === undefined || answer.statusCode >= 300) await refuse(answer)
      answer.resume()
    },
    changes: async (onChange, signal) => {
      // The runner says nothing while nothing changes: no time limit.
      const answer = await caller.stream({ method: 'GET', path: RUNNER_ROUTES.changes, timeoutMs: 0, signal })
      if (answer.statusCode !== 200) await refuse(answer)
      onChange()
      for await (const line of parseJsonLines(answer)) onChange(changeSchema.parse(line).path)
    },
    [Symbol.dispose]: () => caller[Symbol.dispose](),
  }
}

/** Asks until somebody listens. Who is asked says that it was heard within `patienceMs`, and then may take its time. */
async function whenListening<T>(patienceMs: number, ask: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const patience = new AbortController()
  const over = setTimeout(() => patience.abort(), patienceMs)
  try {
    for (;;) {
      try {
        return await ask(patience.signal)
      } catch (error) {
        if (patience.signal.aborted)
          throw new SidecarError('unavailable', 'The runner of this sandbox does not answer.', { cause: error })
        if (!mayComeBack(error)) throw error
        await delay(RUNNER_START_POLL_MS)
      }
    }
  } finally {
    clearTimeout(over)
  }
}

/** The socket is not there yet, is a dead runner's, or the runner died just now: whoever comes in its place is asked. */
function mayComeBack(error: unknown): boolean {
  const cause = error instanceof SidecarError ? error.cause : undefined
  return cause instanceof Error && 'code' in cause && ABSENCES.has(cause.code)
}

const ABSENCES = new Set<unknown>(['ENOENT', 'ECONNREFUSED', 'ECONNRESET', 'EPIPE'])

async function refuse(answer: AsyncIterable<Uint8Array> & { statusCode?: number | undefined }): Promise<never> {
  const body = await readBody(answer, MAX_ANSWER_BYTES)
  throw new SidecarError(
    'unavailable',
    `The runner answered ${answer.statusCode}: ${body.toString('utf8').slice(0, 200)}`,
  )
}
