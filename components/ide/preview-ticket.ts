import { z } from 'zod'
import { wireErrorSchema } from '#protocol/errors.ts'
import type { TicketUrl } from './stores/preview.ts'
import { RequestError } from './stores/request-error.ts'

const answerSchema = z.object({ url: z.url() })
const refusalSchema = z.object({ error: wireErrorSchema })

/** Asks the gateway for one-time addresses of a REPL's previews. */
export function previewTickets(replId: string): TicketUrl {
  return async (port) => {
    const response = await fetch(`/r/${replId}/preview-ticket`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ port }),
    })
    const body: unknown = await response.json().catch(() => undefined)
    if (response.ok) return answerSchema.parse(body).url
    const refusal = refusalSchema.safeParse(body).data?.error
    throw new RequestError(refusal ?? { code: 'unavailable', message: `Port ${port} could not be opened.` })
  }
}
