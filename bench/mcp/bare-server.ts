import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { z } from 'zod'
import type { Contender } from './contender.ts'
import { createTransfers } from './transfers.ts'

const readySchema = z.object({ port: z.int() })

/**
 * The floor of transfers: the same client that brings and fetches ours, and a bare `node:http` server that does nothing
 * but keep the bytes in a file. No rights, no sandbox, no second hop, no file put in place at once.
 */
export async function startBareServer(folder: string): Promise<Contender> {
  const child = fork(join(import.meta.dirname, 'bare-server-process.ts'), [join(folder, 'bare.bin')], {
    execArgv: ['--disable-warning=ExperimentalWarning'],
  })
  const [ready]: unknown[] = await once(child, 'message')
  const { port } = readySchema.parse(ready)
  const url = `http://127.0.0.1:${port}/`
  const transfers = createTransfers()
  return {
    name: 'floor of transfers: the same client, a bare server',
    role: 'floor',
    called: 'a bare server',
    upload: (_name, body) => transfers.put(url, body),
    download: () => transfers.get(url),
    [Symbol.asyncDispose]: async () => {
      transfers[Symbol.dispose]()
      const ended = once(child, 'exit')
      child.disconnect()
      await ended
    },
  }
}
