import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { createServer as createHttp2Server } from 'node:http2'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { Client, Metadata, credentials, status } from '@grpc/grpc-js'
import type { ServiceError } from '@grpc/grpc-js'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { GRPC_SOCKET_NAME } from '#protocol/adoption.ts'
import { newId } from '#protocol/ids.ts'
import { FileServiceDefinition, ProcessServiceDefinition, Reach } from '#wire/gen/runner.ts'
import type { ProcessEvent } from '#wire/gen/runner.ts'
import { ERROR_HEADER } from '#wire/grpc.ts'
import type { CallDefinition } from '#wire/grpc.ts'
import { startTestRunner } from './_runner.ts'
import type { TestRunner } from './_runner.ts'
import { createRunnerApi } from './create-runner-api.ts'

let runner: TestRunner
let client: Client
beforeAll(async () => {
  runner = await startTestRunner()
  client = new Client(`unix:${join(dirname(runner.fixture.socket), GRPC_SOCKET_NAME)}`, credentials.createInsecure())
})
afterAll(async () => {
  client.close()
  await runner[Symbol.asyncDispose]()
})

interface Wire<Q, R> {
  path: string
  encode: (request: Q) => Buffer
  decode: (bytes: Buffer) => R
}

function wireOf<Q, R>({ fullName }: { fullName: string }, call: CallDefinition<Q, R>): Wire<Q, R> {
  return {
    path: `/${fullName}/${call.name}`,
    encode: (request) => Buffer.from(call.requestType.encode(request).finish()),
    decode: (bytes) => call.responseType.decode(bytes),
  }
}

/** As grpc-js, which many programs use, calls it. */
async function ask<Q, R>({ path, encode, decode }: Wire<Q, R>, request: Q): Promise<R> {
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(path, encode, decode, request, (error: ServiceError | null, answer?: R) => {
      if (answer !== undefined) resolve(answer)
      else reject(error ?? new Error('no answer'))
    })
  })
}

const files = FileServiceDefinition
const processes = ProcessServiceDefinition
const write = wireOf(files, files.methods.writeSmall)
const stat = wireOf(files, files.methods.stat)
const start = wireOf(processes, processes.methods.start)

describe('the runner, to another implementation of gRPC', () => {
  test('answers a call, and a refusal says what is wrong', async () => {
    const options = { path: 'né.txt', createOnly: true }
    expect(await ask(write, { options, data: Buffer.from('x'), tellReplaced: false })).toMatchObject({
      path: 'né.txt',
      size: 1,
    })
    const refused: unknown = await ask(write, { options, data: Buffer.from('y'), tellReplaced: false }).catch(
      (error: unknown) => error,
    )
    expect(refused).toMatchObject({ code: status.FAILED_PRECONDITION, details: 'né.txt exists already.' })
  })

  test('streams a command, and learns when its listener hangs up', async () => {
    const config = { command: ['seq 1 200000; exec sleep 60'], envVars: {} }
    const request = { config, actor: 'grpc-js', keepStdin: false, timeoutMs: 0 }
    const call = client.makeServerStreamRequest(start.path, start.encode, start.decode, request, new Metadata())
    let [id, bytes] = ['', 0]
    const events: AsyncIterable<ProcessEvent> = call
    for await (const { event } of events) {
      if (event?.$case === 'started') id = event.value.processId
      if (event?.$case === 'output') bytes += event.value.data.length
      if (bytes === 1_288_895) break
    }
    call.cancel()
    const { exit } = await runner.api.processes.cancel(id)
    expect(exit?.signal).toBe('SIGINT')
  })

  test('takes a stream, and refuses one before its end', async () => {
    const upload = wireOf(files, files.methods.write)
    const send = async (path: string) =>
      new Promise((resolve) => {
        const call = client.makeClientStreamRequest(upload.path, upload.encode, upload.decode, (error, version) =>
          resolve(error ?? version),
        )
        call.write({ part: { $case: 'options', value: { path, createOnly: false } } })
        call.write({ part: { $case: 'data', value: Buffer.alloc(300_000) } })
        if (path !== '/etc/never') call.end()
      })
    expect(await send('streamed.bin')).toMatchObject({ size: 300_000 })
    expect(await send('/etc/never')).toMatchObject({ code: status.PERMISSION_DENIED })
  })

  test('has no call of another name, and takes no message that is too large', async () => {
    await expect(
      ask({ ...stat, path: '/devex.runner.v1.FileService/Guess' }, { path: '', reach: Reach.WORKSPACE }),
    ).rejects.toMatchObject({
      code: status.UNIMPLEMENTED,
    })
    const large = {
      options: { path: 'large.bin', createOnly: false },
      data: Buffer.alloc(9 * 1024 * 1024),
      tellReplaced: false,
    }
    await expect(ask(write, large)).rejects.toMatchObject({ code: status.RESOURCE_EXHAUSTED })
    expect(await ask(stat, { path: 'né.txt', reach: Reach.WORKSPACE })).toMatchObject({ size: 1 })
  })
})

test('calls that are ended early, one after the other, leave the others on their connection alone', async () => {
  const abort = new AbortController()
  const watching = Array.fromAsync(runner.api.terminals.watch({ signal: abort.signal })).catch(
    (error: unknown) => error,
  )
  // HTTP/2's own bound is 1,000.
  for (let n = 0; n < 1500; n++) {
    for await (const _ of runner.api.terminals.watch()) break
  }
  expect(await runner.api.files.stat('')).toMatchObject({ path: '' })
  abort.abort(new Error('enough'))
  expect(await watching).toMatchObject({ message: 'enough' })
})

describe('a program that only pretends to be the runner', () => {
  test.each([
    ['details that cannot be decoded', { 'grpc-message': '100%' }],
    ['an error that is no JSON', { [ERROR_HEADER]: Buffer.from('{').toString('base64') }],
    ['an error of another shape', { [ERROR_HEADER]: Buffer.from('{"code":7}').toString('base64') }],
  ])('answers with %s: a failure of this call alone', async (_what, headers) => {
    const socket = join(tmpdir(), `${newId()}.sock`)
    const server = createHttp2Server().on('stream', (stream) => {
      stream.respond({ ':status': 200, 'grpc-status': '13', ...headers }, { endStream: true })
    })
    server.listen(socket)
    await once(server, 'listening')
    onTestFinished(() => void server.close())
    using api = createRunnerApi(socket)
    await expect(api.files.stat('x')).rejects.toMatchObject({ code: 'internal' })
    await expect(Array.fromAsync(api.terminals.watch())).rejects.toMatchObject({ code: 'internal' })
  })
})

describe('a runner that is away', () => {
  test('is told at once, and called again when it is back', async () => {
    const socket = join(tmpdir(), `${newId()}.sock`)
    using api = createRunnerApi(socket)
    await expect(api.files.stat('x')).rejects.toMatchObject({ code: 'unavailable' })
    const door = createServer((connection) => connection.destroy()).listen(socket)
    await once(door, 'listening')
    await expect(api.files.stat('x')).rejects.toMatchObject({ code: 'unavailable' })
    await expect(Array.fromAsync(api.terminals.watch())).rejects.toMatchObject({ code: 'unavailable' })
    door.close()
    await rm(socket, { force: true })
  })

  test('breaks off what is under way', async () => {
    await using other = await startTestRunner()
    const watching = Array.fromAsync(other.api.terminals.watch()).catch((error: unknown) => error)
    await other.api.files.stat('')
    await other.fixture[Symbol.asyncDispose]()
    expect(await watching).toMatchObject({ code: 'unavailable' })
    await expect(other.api.files.stat('')).rejects.toMatchObject({ code: 'unavailable' })
  })
})
