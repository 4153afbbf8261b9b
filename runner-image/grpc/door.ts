import { rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { Socket } from 'node:net'
import { toRunnerError, toWireError } from '../errors.ts'
import type { Log } from '../log.ts'
import type { OpenedSandbox } from '../opened-sandbox.ts'
import type { GrpcServer } from './serve.ts'
import { createServices } from './services.ts'

interface DoorOptions {
  socket: string
  /** Throws while nothing is opened. */
  sandbox: () => OpenedSandbox
  log: Log
}

/**
 * Listens for the sidecar's gRPC. What speaks it is loaded with the first connection, so that a repl which no agent uses
 * starts no later and holds no more for it.
 */
export async function openGrpcDoor({ socket, sandbox, log }: DoorOptions): Promise<AsyncDisposable> {
  let loading: Promise<GrpcServer> | undefined
  const connections = new Set<Socket>()
  const wireError = (error: unknown) => {
    if (toRunnerError(error).code === 'internal') log.error('A call failed.', error)
    return toWireError(error)
  }
  const door = createServer((connection) => {
    connections.add(connection)
    connection.on('close', () => connections.delete(connection))
    connection.on('error', () => connection.destroy())
    loading ??= import('./serve.ts').then(({ createGrpcServer }) =>
      createGrpcServer({ services: createServices(sandbox), toWireError: wireError }),
    )
    loading.then(
      (server) => server.serve(connection),
      (error: unknown) => {
        log.error('The gRPC server cannot be loaded.', error)
        connection.destroy()
      },
    )
  })
  await rm(socket, { force: true })
  await new Promise<void>((resolve, reject) => {
    door.once('error', reject)
    door.listen(socket, resolve)
  })
  return {
    [Symbol.asyncDispose]: async () => {
      door.close()
      const server = await loading?.catch(() => undefined)
      server?.close()
      for (const connection of connections) connection.destroy()
    },
  }
}
