import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { dialSocket } from './sockets.ts'

/** Listens, and takes no connection: they wait in the backlog, which its death resets. */
const LISTENER = `
import { writeSync } from 'node:fs'
import { createServer } from 'node:net'
createServer().listen(process.argv[1], () => {
  writeSync(1, 'listening')
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
})
`

test('a part that dies when it was just dialled harms nobody, and is unavailable then', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'devex-test-'))
  const path = join(folder, 'part.sock')
  const listener = spawn(process.execPath, ['--input-type=module', '-e', LISTENER, path])
  try {
    await once(listener.stdout, 'data')
    const socket = await dialSocket(path)
    const ended = new Promise((resolve) => socket.once('close', resolve))
    listener.kill('SIGKILL')
    // Nobody uses the socket yet, nobody hears its error: that must not end the process.
    await ended
    await expect(dialSocket(path)).rejects.toMatchObject({ code: 'unavailable' })
  } finally {
    listener.kill('SIGKILL')
    await rm(folder, { recursive: true })
  }
})
