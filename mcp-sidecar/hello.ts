import { setTimeout as delay } from 'node:timers/promises'
import { INTERNAL_ROUTES } from '#protocol/adoption.ts'
import { readBody } from './http-call.ts'
import type { Caller } from './http-call.ts'
import { HELLO_ATTEMPTS, HELLO_WAIT_MS, MAX_ANSWER_BYTES } from './limits.ts'

/** Who says hello, and where the control plane finds it. */
export interface Introduction {
  sandbox: string
  /** The pod's IP address. */
  address: string
  /** Good for this one call. */
  bootToken: string
}

/**
 * Tells the control plane that this sandbox is up, a second before the cluster would. Nothing depends on it: whoever is
 * not heard is found by the control plane itself.
 */
export async function sayHello(
  caller: Caller,
  { bootToken, ...who }: Introduction,
  signal: AbortSignal,
): Promise<void> {
  for (let attempt = 1; attempt <= HELLO_ATTEMPTS && !signal.aborted; attempt++) {
    try {
      const answer = await caller.stream({
        method: 'POST',
        path: INTERNAL_ROUTES.hello,
        headers: { authorization: `Bearer ${bootToken}`, 'content-type': 'application/json' },
        body: Buffer.from(JSON.stringify(who)),
        signal,
      })
      await readBody(answer, MAX_ANSWER_BYTES)
      // A refusal is an answer too: saying it again would not help.
      if (answer.statusCode !== undefined && answer.statusCode < 500) return
    } catch {
      // The network of a new pod may need a moment.
    }
    await delay(HELLO_WAIT_MS * attempt, undefined, { signal }).catch(() => undefined)
  }
}
