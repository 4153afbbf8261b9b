import { once } from 'node:events'
import { createServer } from 'node:http'
import type { Server } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startSandbox } from './_sandbox.ts'
import type { TestSandbox } from './_sandbox.ts'

const SERVER = `require("http").createServer((_, answer) => answer.end("hi")).listen(0, "127.0.0.1", function () { console.log("port " + this.address().port) })`

describe('wait_for, where sandboxes share their network', () => {
  let sandbox: TestSandbox

  beforeAll(async () => {
    sandbox = await startSandbox({ port: 20_000 })
  })
  afterAll(async () => sandbox[Symbol.asyncDispose]())

  it('asks nothing of a program that is somebody else’s', async () => {
    const asked: (string | undefined)[] = []
    const foreign = createServer(({ url }, answer) => {
      asked.push(url)
      answer.end('of somebody else')
    }).listen(0, '127.0.0.1')
    await using _closed = { [Symbol.asyncDispose]: async () => void (await once(foreign.close(), 'close')) }
    await once(foreign, 'listening')
    const port = portOf(foreign)
    await using reader = await sandbox.connect({ scopes: ['repl:read'] })
    const { record } = await reader.call('wait_for', { port, http_path: '/admin', wait_ms: 1500 })
    expect(record).toMatchObject({ ready: false, evidence: expect.stringContaining(`nothing listens on ${port}`) })
    expect(asked).toEqual([])
  })

  it('asks what listens in its own', async () => {
    await using agent = await sandbox.connect()
    const started = await agent.call('exec', { command: `${process.execPath} -e '${SERVER}'`, yield_ms: 0 })
    const process_id = /process_id (p_[a-z0-9]{16})/.exec(started.text)?.[1]
    const said = await agent.call('wait_for', { process_id, pattern: 'port ', wait_ms: 10_000 })
    const port = Number(/port (\d+)/.exec(said.text)?.[1])
    await using reader = await sandbox.connect({ scopes: ['repl:read'] })
    const { record } = await reader.call('wait_for', { port, http_path: '/', wait_ms: 10_000 })
    expect(record).toMatchObject({ ready: true, evidence: 'HTTP/1.1 200 OK' })
    await agent.call('process_signal', { process_id, signal: 'KILL' })
  })
})

function portOf(server: Server): number {
  const address = server.address()
  if (typeof address === 'object' && address !== null) return address.port
  throw new Error('It does not listen.')
}
