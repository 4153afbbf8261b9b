import { request } from 'node:http'
import { z } from 'zod'
import type { Orchestrator, SandboxPart } from './orchestrator.ts'

export const CONTRACT_LIMITS = {
  memoryBytes: 256 * 1024 * 1024,
  cpus: 1,
  processes: 64,
  diskBytes: 1024 ** 3,
}

/** How long a condition may take to come true: the machine may be busy. */
export const POLL = { timeout: 15_000 }

/** What a stand-in part (see `_stand-in.ts`) answers to a shell command. */
const shellResultSchema = z.object({ code: z.number().nullable(), output: z.string() })
export type ShellResult = z.infer<typeof shellResultSchema>

/** Speaks HTTP over a dialled connection. */
export async function ask(
  orchestrator: Orchestrator,
  to: { sandboxId: string; part: SandboxPart; path: string; body?: string },
): Promise<{ status: number; text: string }> {
  const socket = await orchestrator.dial(to.sandboxId, to.part)
  return await new Promise((resolve, reject) => {
    const asking = request({
      method: to.body === undefined ? 'GET' : 'POST',
      path: to.path,
      headers: { host: 'sandbox', connection: 'close' },
      createConnection: () => socket,
    })
    asking.once('error', reject)
    asking.once('response', (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => (text += chunk))
      response.once('error', reject)
      response.once('end', () => resolve({ status: response.statusCode ?? 0, text }))
    })
    asking.end(to.body)
  })
}

/** Runs a shell command in a part of a sandbox. */
export async function shell(orchestrator: Orchestrator, sandboxId: string, command: string): Promise<ShellResult> {
  return await shellIn(orchestrator, { sandboxId, part: 'runner', command })
}

/** Runs a shell command in the named part. */
export async function shellIn(
  orchestrator: Orchestrator,
  to: { sandboxId: string; part: SandboxPart; command: string },
): Promise<ShellResult> {
  const { text } = await ask(orchestrator, { ...to, path: '/sh', body: to.command })
  return shellResultSchema.parse(JSON.parse(text))
}
