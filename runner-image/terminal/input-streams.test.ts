import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { newId } from '#protocol/ids.ts'
import { startFixture } from '../_fixture.ts'
import type { TestClient } from '../_client.ts'
import type { Fixture } from '../_fixture.ts'
import { MAX_INPUT_STREAMS } from '../limits.ts'

let fixture: Fixture
beforeAll(async () => {
  fixture = await startFixture()
})
afterAll(async () => fixture[Symbol.asyncDispose]())

/** Loads the page so often, as somebody with this role. */
async function load(role: 'viewer' | 'editor', { times, terminal }: { times: number; terminal: string }) {
  using client = await fixture.connect(role)
  for (let i = 0; i < times; i += 1) await client.request('terminal.attach', { terminal, client: newId() })
}

/** A shell into which something was typed, as this stream of input. */
async function typing(client: TestClient, stream: string) {
  const { id } = await client.shell()
  const typist = await client.attach(id, { client: stream })
  typist.type('echo ty""ped\n')
  await typist.shows('typed')
  return { id, typist }
}

describe('streams of input', () => {
  test('one that is in use is remembered, however many others came and went', async () => {
    const stream = newId()
    using client = await fixture.connect()
    const { id, typist } = await typing(client, stream)
    await load('editor', { times: MAX_INPUT_STREAMS + 10, terminal: id })
    const { input } = await client.request('terminal.attach', { terminal: id, client: stream })
    expect(input).toBe(typist.inputSent)
  })

  test('one that was just left outlives those that were left before', async () => {
    const stream = newId()
    using client = await fixture.connect()
    const { id, typist } = await typing(client, stream)
    await load('editor', { times: MAX_INPUT_STREAMS, terminal: id })
    await client.request('terminal.detach', { channel: typist.channel })
    await load('editor', { times: MAX_INPUT_STREAMS - 1, terminal: id })
    const { input } = await client.request('terminal.attach', { terminal: id, client: stream })
    expect(input).toBe(typist.inputSent)
  })

  test('viewers have none, and so push none out', async () => {
    const stream = newId()
    using client = await fixture.connect()
    const { id, typist } = await typing(client, stream)
    await client.request('terminal.detach', { channel: typist.channel })
    await load('viewer', { times: MAX_INPUT_STREAMS + 10, terminal: id })
    const { input } = await client.request('terminal.attach', { terminal: id, client: stream })
    expect(input).toBe(typist.inputSent)
  })

  test('of one that is new or was forgotten no count is told: zero would be one', async () => {
    const stream = newId()
    using client = await fixture.connect()
    const { id } = await client.shell()
    const first = await client.request('terminal.attach', { terminal: id, client: stream })
    expect(first).not.toHaveProperty('input')
    const again = await client.request('terminal.attach', { terminal: id, client: stream })
    expect(again.input).toBe(0)
    await client.request('terminal.detach', { channel: again.channel })
    await load('editor', { times: MAX_INPUT_STREAMS + 1, terminal: id })
    const forgotten = await client.request('terminal.attach', { terminal: id, client: stream })
    expect(forgotten).not.toHaveProperty('input')
  })
})
