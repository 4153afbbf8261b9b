import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { INTERNAL_ROUTES, adoptRequestSchema, openRequestSchema } from '#protocol/adoption.ts'
import { compress, decompress } from '#snapshot/zstd.ts'
import type { Authorize } from './authorize.ts'
import { readBody } from './http-call.ts'
import type { Caller } from './http-call.ts'
import { MAX_ANSWER_BYTES } from './limits.ts'
import type { Runner } from './runner-client.ts'

interface WarmUpOptions {
  authorize: Authorize
  controlCaller: Caller
  runner: Runner
}

/** A token of the right form that nobody signed. */
const NO_TOKEN = 'eyJhbGciOiJFZERTQSJ9.eyJhdWQiOiJzaWRlY2FyIn0.AAAA'

/** Wrong throughout, but each of its parts is met: a schema makes its code when it first meets one. */
const SKELETON = { head: {}, atHand: { contents: [{}], downloads: [{}] }, clone: {}, run: {}, runGuesses: [{}] }

/**
 * Does once, while the sandbox waits to be adopted, what an adoption does: key, connections and code are then ready, and
 * the first command comes tens of milliseconds sooner. Nothing depends on it.
 */
export async function warmUp({ authorize, controlCaller, runner }: WarmUpOptions): Promise<void> {
  const request = new IncomingMessage(new Socket())
  request.headers.authorization = `Bearer ${NO_TOKEN}`
  const askControlPlane = async () =>
    readBody(await controlCaller.stream({ method: 'GET', path: INTERNAL_ROUTES.head }), MAX_ANSWER_BYTES)
  const useZstd = async () => decompress(await compress(Buffer.from('warm')), { maxBytes: 16, what: 'nothing' })
  adoptRequestSchema.safeParse(SKELETON)
  openRequestSchema.safeParse(SKELETON)
  await Promise.allSettled([authorize(request, 'adopt'), askControlPlane(), runner.health(), useZstd()])
}
