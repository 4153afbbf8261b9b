import { expect, onTestFinished, test } from 'vitest'
import { temporaryAuthority } from '#server/certificates/_temporary-authority.ts'
import { answer, startApiServer } from './_api-server.ts'
import type { ApiRequest } from './_api-server.ts'
import { openKubeClient } from './client.ts'
import type { KubeClient } from './client.ts'
import type { ServerResponse } from 'node:http'

async function open(
  handle: (request: ApiRequest, response: ServerResponse, count: number) => void,
): Promise<KubeClient> {
  const { authority } = await temporaryAuthority()
  let count = 0
  const { kubeconfig } = await startApiServer(authority, (request, response) => handle(request, response, ++count))
  const client = openKubeClient(kubeconfig)
  onTestFinished(() => client[Symbol.dispose]())
  return client
}

const PATH = '/api/v1/namespaces/x/services'

test('what is sent arrives, and the answer’s JSON comes back', async () => {
  const client = await open(({ method, path, query, body }, response) =>
    answer(response, 200, { method, path, manager: query.get('fieldManager'), body }),
  )
  const sent = { method: 'PATCH' as const, path: PATH, query: { fieldManager: 'devex' }, body: { a: 'ä' } }
  expect(await client.call(sent)).toEqual({ method: 'PATCH', path: PATH, manager: 'devex', body: { a: 'ä' } })
})

test('a server that is away or busy is asked until it answers', async () => {
  const client = await open((_request, response, count) => {
    if (count === 1) response.destroy()
    else if (count === 2) answer(response, 503, { message: 'etcd has no leader' })
    else if (count === 3) answer(response, 429, { message: 'too many requests' })
    else answer(response, 200, { count })
  })
  expect(await client.call({ method: 'GET', path: PATH })).toEqual({ count: 4 })
})

test('a server that stays away is told of in time, with the way out', async () => {
  const client = await open((_request, response) => response.destroy())
  await expect(client.call({ method: 'GET', path: PATH, patienceMs: 0 })).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringMatching(/API server \(localhost:\d+\) does not answer/),
    advice: expect.stringContaining('kubectl'),
  })
})

test('a server that switches protocols unasked keeps no call and no watch waiting', async () => {
  const client = await open((_request, { socket }) =>
    socket?.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\n'),
  )
  await expect(client.call({ method: 'GET', path: PATH, patienceMs: 0 })).rejects.toMatchObject({ code: 'unavailable' })
  await expect(client.stream({ method: 'GET', path: PATH })).rejects.toThrow('no answer')
})

test('a refusal is not repeated', async () => {
  let asked = 0
  const client = await open((_request, response, count) => {
    asked = count
    answer(response, 403, { message: 'pods is forbidden: User "u" cannot list resource "pods" in API group ""' })
  })
  await expect(client.call({ method: 'GET', path: PATH })).rejects.toThrow('may not list pods')
  expect(asked).toBe(1)
})

test('a caller who gives up is not kept waiting, and told the reason', async () => {
  const controller = new AbortController()
  const client = await open((_request, response, count) => {
    answer(response, 503, {})
    // It waits to ask again by then.
    if (count === 3) response.once('close', () => controller.abort(new Error('changed my mind')))
  })
  const calling = client.call({ method: 'GET', path: PATH, signal: controller.signal })
  await expect(calling).rejects.toThrow('changed my mind')
})

test('L14: a kubeconfig that cannot be read is named', () => {
  expect(() => openKubeClient('/nonexistent/kubeconfig')).toThrow(/\/nonexistent\/kubeconfig cannot be read/)
})
