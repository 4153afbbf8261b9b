import { expect, test, vi } from 'vitest'
import type { Person } from '#protocol/people.ts'
import { FakeRunner, terminalInfo } from './_fake-runner.ts'
import { openPage } from './_page.ts'
import { ACCOUNT } from './_repl-view.ts'
import { PEOPLE_NEWS_AFTER_MS } from './limits.ts'

const person = (name: string, over: Partial<Person> = {}): Person => ({
  id: `p${name.toLowerCase().padEnd(15, '0')}`,
  name,
  role: 'viewer',
  hasAvatar: false,
  places: [],
  ...over,
})
const ME = person('Ada', { id: ACCOUNT.id, role: 'owner' })
const GRACE = person('Grace', { places: [{ file: 'src/a.ts' }, { file: 'b.ts' }] })

function page() {
  const runner = new FakeRunner()
  runner.handle('people.at', () => ({}))
  runner.hello = { ...runner.hello, terminals: [terminalInfo({ name: 'one' }), terminalInfo({ name: 'two' })] }
  const opened = openPage(runner)
  const { workbench } = opened
  return {
    runner,
    workbench,
    terminals: runner.hello.terminals,
    isOpen: () => expect.poll(() => workbench.connection.state.getSnapshot().kind).toBe('open'),
    others: () => workbench.people.state.getSnapshot().others.map(({ name }) => name),
    tell: (...people: Person[]) => runner.emit('people.changed', { people: [ME, ...people] }),
    told: () => runner.askedFor('people.at'),
    [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose](),
  }
}

test('the others and their files are known; oneself is none of them, and without a line nobody is', async () => {
  await using it = page()
  await it.isOpen()
  it.tell(GRACE)
  await expect.poll(it.others).toEqual(['Grace'])
  const { me, inFile } = it.workbench.people.state.getSnapshot()
  expect(me).toEqual(ME)
  expect([...inFile.keys()]).toEqual(['src/a.ts', 'b.ts'])
  it.runner.tear()
  await expect.poll(it.others).toEqual([])
})

test('where one is, is told once one has stayed: the last file of several, then the terminal one turns to', async () => {
  await using it = page()
  await it.isOpen()
  const { workbench, terminals } = it
  for (const path of ['a.ts', 'b.ts', 'c.ts']) workbench.tabs.open(path)
  await expect.poll(it.told).toEqual([{ place: { file: 'c.ts' } }])
  workbench.myPlace.lookAt('terminal')
  await expect.poll(it.told).toEqual([{ place: { file: 'c.ts' } }, { place: { terminal: terminals[0]?.id } }])
  workbench.terminals.activate(terminals[1]?.id ?? '')
  await expect.poll(() => it.told().at(-1)).toEqual({ place: { terminal: terminals[1]?.id } })
  it.runner.tear()
  // A line that is back knows nothing of it.
  await expect.poll(() => it.told().length, { timeout: 5000 }).toBe(4)
  expect(it.told().at(-1)).toEqual({ place: { terminal: terminals[1]?.id } })
})

test('comings and goings are read out, but not who is here at first, nor a page that is loaded anew', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  try {
    await using it = page()
    const settled = async (...people: Person[]): Promise<string> => {
      it.tell(...people)
      await vi.waitFor(() => expect(it.others()).toEqual(people.map(({ name }) => name)))
      return it.workbench.people.news.getSnapshot()
    }
    await vi.waitFor(() => expect(it.workbench.connection.state.getSnapshot().kind).toBe('open'))
    await settled(GRACE)
    await settled()
    await settled(GRACE)
    vi.advanceTimersByTime(PEOPLE_NEWS_AFTER_MS)
    expect(it.workbench.people.news.getSnapshot()).toBe('')
    await settled(GRACE, person('Bo'), person('Cy'))
    vi.advanceTimersByTime(PEOPLE_NEWS_AFTER_MS)
    expect(it.workbench.people.news.getSnapshot()).toBe('Bo and Cy joined.')
    await settled(person('Bo'), person('Cy'))
    vi.advanceTimersByTime(PEOPLE_NEWS_AFTER_MS)
    expect(it.workbench.people.news.getSnapshot()).toBe('Grace left.')
  } finally {
    vi.useRealTimers()
  }
})

test('following shows each place of somebody until one does something oneself, or they leave', async () => {
  await using it = page()
  await it.isOpen()
  const { tabs, terminals, follow } = it.workbench
  const active = () => tabs.state.getSnapshot().active
  it.tell(GRACE)
  await expect.poll(it.others).toEqual(['Grace'])
  follow.start(GRACE.id)
  expect(active()).toBe('src/a.ts')
  const second = it.terminals[1]?.id ?? ''
  it.tell({ ...GRACE, places: [{ terminal: second }] })
  await expect.poll(() => terminals.state.getSnapshot().activeId).toBe(second)
  it.tell({ ...GRACE, places: [{ file: 'c.ts' }] })
  await expect.poll(active).toBe('c.ts')
  follow.stop()
  it.tell({ ...GRACE, places: [{ file: 'd.ts' }] })
  await expect.poll(() => it.workbench.people.state.getSnapshot().inFile.has('d.ts')).toBe(true)
  expect(active()).toBe('c.ts')
  follow.start(GRACE.id)
  expect(active()).toBe('d.ts')
  it.tell()
  await expect.poll(() => follow.who.getSnapshot()).toBeUndefined()
})
