import { connect, createRepl, signIn } from './_client.ts'
import { startServer } from './_server.ts'
import type { Client, Connection } from './_client.ts'
import type { Server } from './_server.ts'

/** What the tests of a file share: the product, somebody signed in, a REPL of theirs, and a way to its disk past the page. */
export interface Room extends AsyncDisposable {
  server: Server
  client: Client
  replId: string
  disk: Connection
}

/** Starts the product with one REPL, made from a template. */
export async function openRoom(template: string): Promise<Room> {
  const server = await startServer({ env: { SPARE_SANDBOXES: '0' } })
  const client = await signIn(server.link)
  const replId = await createRepl(client, template)
  const disk = await connect(client, replId)
  return {
    server,
    client,
    replId,
    disk,
    [Symbol.asyncDispose]: async () => {
      disk.close()
      await server[Symbol.asyncDispose]()
    },
  }
}
