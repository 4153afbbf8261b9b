import { createHash, randomBytes } from 'node:crypto'
import { z } from 'zod'
import { opaqueIdSchema, replIdSchema } from '#protocol/ids.ts'
import { workspacePathSchema } from '#protocol/paths.ts'
import type { StateStore } from '#server/state-store/state-store.ts'

const TICKET_BYTES = 32
const TICKET_FORM = /^[\w-]{43}$/

/** How long an agent's program has to fetch or bring a file. */
const TICKET_TTL_MS = 15 * 60_000

const ticketSchema = z.object({
  replId: replIdSchema,
  path: workspacePathSchema.min(1),
  method: z.enum(['GET', 'PUT']),
  /** For whom: their access is asked for anew with every use. */
  userId: opaqueIdSchema,
  /** The agent's: it is over with that. */
  connectionId: z.string().min(1),
})
export type FileTicket = z.infer<typeof ticketSchema>

/** A ticket for one file in one direction, for programs that have no cookies; good for 15 minutes, also more than once, but not after its agent is cut off. */
export async function makeFileTicket(stateStore: StateStore, about: FileTicket): Promise<string> {
  const ticket = randomBytes(TICKET_BYTES).toString('base64url')
  await stateStore.put(keyOf(ticket), ticketSchema.parse(about), { expected: 'absent', ttlMs: TICKET_TTL_MS })
  return ticket
}

/** What a ticket is for; `undefined` if it is none, or over. */
export async function readFileTicket(stateStore: StateStore, ticket: string): Promise<FileTicket | undefined> {
  if (!TICKET_FORM.test(ticket)) return undefined
  const record = await stateStore.get(keyOf(ticket))
  return record === undefined ? undefined : ticketSchema.parse(record.value)
}

/** Stored hashed: whoever reads the store cannot use it. */
function keyOf(ticket: string): string {
  return `file-ticket:${createHash('sha256').update(ticket).digest('hex')}`
}
