import type { ServerResponse } from 'node:http'
import { expect, onTestFinished, test } from 'vitest'
import { temporaryAuthority } from '#server/certificates/_temporary-authority.ts'
import { createLog } from '#server/log.ts'
import { answer, startApiServer } from './_api-server.ts'
import type { ApiRequest } from './_api-server.ts'
import { openKubeClient } from './client.ts'
import { follow } from './follow.ts'
import { recordSchema } from './objects.ts'

const PATH = '/api/v1/namespaces/x/services'
const POLL = { timeout: 10_000, interval: 10 }

const object = (name: string, resourceVersion: string) => ({
  metadata: { name, uid: name, resourceVersion, creationTimestamp: '2026-01-01T00:00:00Z' },
})
const list = (resourceVersion: string, ...names: string[]) => ({
  metadata: { resourceVersion },
  items: names.map((name) => object(name, resourceVersion)),
})

function event(type: string, what: unknown): string {
  return `${JSON.stringify({ type, object: what })}\n`
}

interface Followed {
  /** What was told: `all a,b`, `put c`, `deleted c`. */
  told: string[]
  /** Versions from which watches were begun. */
  from: (string | null)[]
}

/** Follows a collection on a server whose lists and watches are answered by `onList` and `onWatch`. */
async function following(
  onList: (response: ServerResponse, count: number) => void,
  onWatch: (response: ServerResponse, count: number, request: ApiRequest) => void,
): Promise<Followed> {
  const { authority } = await temporaryAuthority()
  const from: (string | null)[] = []
  let lists = 0
  const { kubeconfig } = await startApiServer(authority, (request, response) => {
    if (request.query.get('watch') !== '1') return onList(response, ++lists)
    from.push(request.query.get('resourceVersion'))
    onWatch(response, from.length, request)
  })
  const client = openKubeClient(kubeconfig)
  const controller = new AbortController()
  const told: string[] = []
  const running = follow({
    client,
    path: PATH,
    query: {},
    schema: recordSchema,
    onChange: (change) =>
      told.push(
        change.kind === 'all'
          ? `all ${change.objects.map(({ metadata }) => metadata.name).join()}`
          : `${change.kind} ${change.object.metadata.name}`,
      ),
    log: createLog({ level: 'error', format: 'text' }),
    signal: controller.signal,
  })
  onTestFinished(async () => {
    controller.abort()
    await running
    client[Symbol.dispose]()
  })
  return { told, from }
}

test('all is told, then every change', async () => {
  const { told } = await following(
    (response) => answer(response, 200, list('5', 'a', 'b')),
    (response) =>
      void response
        .writeHead(200)
        .write(
          event('ADDED', object('c', '6')) + event('MODIFIED', object('a', '7')) + event('DELETED', object('b', '8')),
        ),
  )
  await expect.poll(() => told, POLL).toEqual(['all a,b', 'put c', 'put a', 'deleted b'])
})

test('a watch that ends is resumed where it was, bookmarks included', async () => {
  const { told, from } = await following(
    (response) => answer(response, 200, list('5', 'a')),
    (response, count, { query }) => {
      expect(query.get('allowWatchBookmarks')).toBe('true')
      response.writeHead(200)
      if (count === 1) response.end(event('ADDED', object('b', '6')))
      else if (count === 2) response.end(event('BOOKMARK', { metadata: { resourceVersion: '20' } }))
      else response.write(event('ADDED', object('c', '21')))
    },
  )
  await expect.poll(() => told, POLL).toEqual(['all a', 'put b', 'put c'])
  expect(from).toEqual(['5', '6', '20'])
})

test('where the server has forgotten what came since (410), all is told anew', async () => {
  const { told, from } = await following(
    (response, count) => answer(response, 200, count === 1 ? list('5', 'a') : list('90', 'a', 'z')),
    (response, count) => {
      if (count === 1) response.writeHead(200).end(event('ERROR', { code: 410, message: 'too old resource version' }))
      else if (count === 2) answer(response, 410, { message: 'too old resource version' })
      else response.writeHead(200).flushHeaders()
    },
  )
  await expect.poll(() => from, POLL).toEqual(['5', '90', '90'])
  expect(told).toEqual(['all a', 'all a,z', 'all a,z'])
})

test('a server that is away, or too busy, is asked again and nothing is told twice', async () => {
  const { told, from } = await following(
    (response, count) => {
      if (count === 1) response.destroy()
      else if (count === 2) answer(response, 503, { message: 'no etcd' })
      else answer(response, 200, list('5', 'a'))
    },
    (response, count) => {
      if (count === 1) response.destroy()
      else if (count === 2) answer(response, 429, { message: 'too many requests' })
      else response.writeHead(200).write(event('ADDED', object('b', '6')))
    },
  )
  await expect.poll(() => told, POLL).toEqual(['all a', 'put b'])
  expect(from).toEqual(['5', '5', '5'])
})

test('a watch that ends at once and always, behind some proxy, is not asked for in a hot loop', async () => {
  const times: number[] = []
  const { from } = await following(
    (response) => answer(response, 200, list('5', 'a')),
    (response) => {
      times.push(performance.now())
      response.writeHead(200).end()
    },
  )
  await expect.poll(() => from.length, POLL).toBeGreaterThan(3)
  const [first = 0, , , fourth = 0] = times
  // 100, 200 and 400 ms.
  expect(fourth - first).toBeGreaterThan(600)
})
