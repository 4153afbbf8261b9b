import { afterEach, beforeEach, expect, test } from 'vitest'
import { MAX_PLACE_CHARS, MAX_PLACES } from '#protocol/limits.ts'
import { newId } from '#protocol/ids.ts'
import type { Person } from '#protocol/people.ts'
import type { Role } from '#protocol/roles.ts'
import { TestClient, until } from '../_client.ts'
import { startFixture } from '../_fixture.ts'
import type { Fixture } from '../_fixture.ts'

let fixture: Fixture
beforeEach(async () => {
  fixture = await startFixture()
})
afterEach(async () => fixture[Symbol.asyncDispose]())

interface Somebody {
  id: string
  name: string
  role: Role
}
const somebody = (name: string, role: Role): Somebody => ({ id: newId(), name, role })

async function open({ id, name, role }: Somebody): Promise<TestClient> {
  return TestClient.connect(fixture.socket, await fixture.token(role, { sub: id, actor: name }))
}

/** Who is here, as a client was told last, once that is what `accepts` waits for. */
async function sees(client: TestClient, accepts: (people: Person[]) => boolean): Promise<Person[]> {
  let seen: Person[] = []
  await client.event('people.changed', ({ people }) => {
    seen = people
    return accepts(people)
  })
  return seen
}

const names = (people: Person[]): string => people.map(({ name }) => name).join(', ')
const toldTo = (client: TestClient): number => client.events.filter(({ event }) => event === 'people.changed').length

test('everybody hears who is here, viewers among them, and who goes: also one whose line just ends', async () => {
  const [ada, grace] = [somebody('Ada', 'owner'), somebody('Grace', 'viewer')]
  using first = await open(ada)
  using second = await open(grace)
  expect(await sees(second, (people) => people.length === 2)).toEqual([
    { ...ada, hasAvatar: false, places: [] },
    { ...grace, hasAvatar: false, places: [] },
  ])
  await sees(first, (people) => names(people) === 'Ada, Grace')
  using third = await open(somebody('Edsger', 'editor'))
  for (const client of [first, second, third]) await sees(client, (people) => names(people) === 'Ada, Grace, Edsger')
  const before = toldTo(first)
  third.socket.terminate()
  await until('somebody to be gone', () => (toldTo(first) > before ? true : undefined))
  expect(first.events.findLast(({ event }) => event === 'people.changed')?.data).toMatchObject({
    people: [{ name: 'Ada' }, { name: 'Grace' }],
  })
})

test('where somebody is, is told; their pages are one person, the one that moved last first', async () => {
  const [ada, grace] = [somebody('Ada', 'owner'), somebody('Grace', 'viewer')]
  using watcher = await open(ada)
  using page = await open(grace)
  using other = await open(grace)
  const { id } = await watcher.shell()
  await page.request('people.at', { place: { file: 'src/index.ts' } })
  await other.request('people.at', { place: { terminal: id } })
  const [, seen] = await sees(watcher, (people) => people[1]?.places.length === 2)
  expect(seen).toMatchObject({ ...grace, places: [{ terminal: id }, { file: 'src/index.ts' }] })
  await page.request('people.at', { place: { file: 'README.md' } })
  await sees(watcher, (people) => {
    const [place] = people[1]?.places ?? []
    return place !== undefined && 'file' in place && place.file === 'README.md'
  })
  await other.request('people.at', { place: null })
  await sees(watcher, (people) => people[1]?.places.length === 1)
})

test('who somebody is comes from their token: what a page claims of itself has no effect', async () => {
  const [ada, mallory] = [somebody('Ada', 'owner'), somebody('Mallory', 'viewer')]
  using watcher = await open(ada)
  using forger = await open(mallory)
  const forged = {
    place: { file: 'a.txt' },
    id: ada.id,
    name: 'Ada',
    actor: 'Ada',
    sub: ada.id,
    role: 'owner',
    hasAvatar: true,
  }
  forger.socket.send(JSON.stringify({ id: 500, type: 'people.at', params: forged }))
  const people = await sees(watcher, (all) => all.some(({ places }) => places.length > 0))
  expect(people).toEqual([
    { ...ada, hasAvatar: false, places: [] },
    { ...mallory, hasAvatar: false, places: [{ file: 'a.txt' }] },
  ])
})

test('a place outside the workspace, too long, or of no terminal is refused', async () => {
  using client = await open(somebody('Ada', 'owner'))
  const places = [
    { file: '../../etc/passwd' },
    { file: '/etc/passwd' },
    { file: '' },
    { file: `${'a'.repeat(200)}/`.repeat(MAX_PLACE_CHARS / 200) + 'a'.repeat(100) },
    { terminal: newId() },
  ]
  const refused = await Promise.allSettled(places.map(async (place) => client.request('people.at', { place })))
  expect(refused.map((outcome) => (outcome.status === 'rejected' ? String(outcome.reason) : 'taken'))).toEqual([
    ...places.slice(1).map(() => expect.stringContaining('bad_request')),
    expect.stringContaining('not_found'),
  ])
})

test('many moves are told in few words, and the last of them is told', async () => {
  using watcher = await open(somebody('Ada', 'owner'))
  using restless = await open(somebody('Grace', 'viewer'))
  await sees(watcher, (people) => people.length === 2)
  const before = toldTo(watcher)
  for (let step = 1; step <= 500; step++) await restless.request('people.at', { place: { file: `f${step}` } })
  await sees(watcher, ([, grace]) => JSON.stringify(grace?.places) === '[{"file":"f500"}]')
  // Half a second apart: as many as fit into the test's own patience.
  expect(toldTo(watcher) - before).toBeLessThan(50)
})

test('of somebody with many pages a few places are told', async () => {
  const grace = somebody('Grace', 'viewer')
  using watcher = await open(somebody('Ada', 'owner'))
  const pages = await Promise.all(Array.from({ length: MAX_PLACES + 2 }, async () => open(grace)))
  for (const [index, page] of pages.entries()) await page.request('people.at', { place: { file: `f${index}` } })
  const [, seen] = await sees(watcher, (people) => JSON.stringify(people[1]?.places[0]) === '{"file":"f5"}')
  expect(seen?.places).toHaveLength(MAX_PLACES)
  for (const { socket } of pages) socket.terminate()
})
