import { Duplex, PassThrough } from 'node:stream'
import { PortForward } from '@kubernetes/client-node'
import { AppError } from '#server/errors.ts'
import type { KubeClient } from '../client.ts'

/** A connection to a port of a pod through the API server: all that it takes is a kubeconfig. */
export async function forwardPort(
  { config }: KubeClient,
  { namespace, pod, port, what }: { namespace: string; pod: string; port: number; what: string },
): Promise<Duplex> {
  const toPod = new PassThrough()
  const fromPod = new PassThrough()
  const errors = new PassThrough()
  const connection = Duplex.from({ readable: fromPod, writable: toPod })
  const refuse = (message: string, cause?: unknown) =>
    new AppError('unavailable', `${what} cannot be reached: ${message}.`, { cause })
  errors.on('data', (text: Buffer) => connection.destroy(refuse(text.toString('utf8').slice(0, 300))))
  connection.on('error', () => undefined)
  try {
    const socket = await new PortForward(config).portForward(namespace, pod, [port], fromPod, errors, toPod)
    if (typeof socket === 'function') throw new Error('unexpected answer of the client')
    socket.addEventListener('close', () => fromPod.end())
    socket.addEventListener('error', () => connection.destroy(refuse('the API server broke the connection')))
    connection.once('close', () => socket.close())
    return connection
  } catch (cause) {
    connection.destroy()
    throw cause instanceof AppError ? cause : refuse('the API server opens no connection to it', cause)
  }
}
