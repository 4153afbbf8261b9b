import { once } from 'node:events'
import { createServer } from 'node:http'
import type { RequestListener } from 'node:http'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { OpenRequest } from '#protocol/adoption.ts'
import { newId, newSandboxId } from '#protocol/ids.ts'
import { createRunner } from './runner-client.ts'

const REQUEST: OpenRequest = {
  sandbox: newSandboxId(),
  repl: newId(),
  replName: 'a repl',
  generation: 1,
  run: { command: '' },
  isolation: 'none',
  diskLimitBytes: 1e9,
}
/** Longer than any test waits for what is to come. */
const PATIENT_MS = 60_000
const IMPATIENT_MS = 100

/** The socket that a runner is expected on, a client of it, and a way for one to come. */
async function stage() {
  await using opened = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'devex-runner-client-'))
  opened.defer(() => rm(folder, { recursive: true, force: true }))
  const socket = join(folder, 'r.sock')
  const runner = opened.use(createRunner(socket))
  const owned = opened.move()
  return {
    runner,
    listen: async (answer: RequestListener) => {
      const server = createServer(answer)
      owned.defer(async () => {
        server.closeAllConnections()
        server.close()
        await once(server, 'close')
      })
      server.listen(socket)
      await once(server, 'listening')
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

test('a runner that comes up is opened as soon as it listens', async () => {
  await using staged = await stage()
  const { runner, listen } = staged
  const opened = runner.open(REQUEST, { patienceMs: PATIENT_MS })
  await listen((_, response) => response.end('{"phase":"done"}\n'))
  expect(await opened).toEqual({ phase: 'done' })
})

test('a runner that dies when it is asked is asked again when it is back', async () => {
  await using staged = await stage()
  let asked = 0
  await staged.listen((request, response) => {
    if (asked++ === 0) request.socket.destroy()
    else response.end('{"phase":"done"}\n')
  })
  expect(await staged.runner.open(REQUEST, { patienceMs: PATIENT_MS })).toEqual({ phase: 'done' })
  expect(asked).toBe(2)
})

test('one that does not come, and one that says nothing, are unavailable', async () => {
  await using staged = await stage()
  const { runner, listen } = staged
  const refusal = { code: 'unavailable', message: 'The runner of this sandbox does not answer.' }
  await expect(runner.open(REQUEST, { patienceMs: IMPATIENT_MS })).rejects.toMatchObject(refusal)
  await listen(() => undefined)
  await expect(runner.open(REQUEST, { patienceMs: IMPATIENT_MS })).rejects.toMatchObject(refusal)
})

test('one that has heard of it may take its time', async () => {
  await using staged = await stage()
  const { runner, listen } = staged
  await listen((_, response) => {
    response.flushHeaders()
    setTimeout(() => response.end('{"phase":"done"}\n'), 2 * IMPATIENT_MS)
  })
  expect(await runner.open(REQUEST, { patienceMs: IMPATIENT_MS })).toEqual({ phase: 'done' })
})
