import * as z from 'zod'
import { idSchema, requestSchema } from './request-message.ts'

const cancelSchema = z.object({
  method: z.literal('notifications/cancelled'),
  params: z.object({ requestId: idSchema }),
})

interface LostCall {
  parsedBody: unknown
  connection: string
  cancel: () => void
  /** Disposed of when the call has been answered. */
  answering: DisposableStack
}

/**
 * Calls that are answered without the session in whose name they came, since that is lost. Without it nothing would know
 * which call its client cancels.
 */
export class LostCalls {
  readonly #calls = new Map<string, () => void>()

  /** Remembers a call until it is answered, or cancels the one that is meant. */
  take(session: string, { parsedBody, connection, cancel, answering }: LostCall): void {
    const keyOf = (id: string | number) => JSON.stringify([connection, session, id])
    const cancelled = cancelSchema.safeParse(parsedBody).data
    if (cancelled !== undefined) this.#calls.get(keyOf(cancelled.params.requestId))?.()
    const call = requestSchema.safeParse(parsedBody).data
    if (call === undefined) return
    const key = keyOf(call.id)
    this.#calls.set(key, cancel)
    answering.defer(() => this.#calls.delete(key))
  }
}
