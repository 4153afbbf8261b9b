import { expect, test } from 'vitest'
import { MemoryDrafts } from './drafts.ts'
import type { Draft } from './drafts.ts'
import { SteadyDrafts } from './steady-drafts.ts'

const DRAFT = { content: 'typed', baseEtag: null }

/** A store that another opening finds again, and that can be lost as a browser's is. */
class LosableDrafts extends MemoryDrafts implements Disposable {
  isLost = false
  openings = 0

  readonly open = async (): Promise<this> => {
    this.openings += 1
    this.isLost = false
    return this
  }

  override async get(path: string) {
    if (this.isLost) throw new Error('The database connection is closing.')
    return super.get(path)
  }

  override async put(path: string, draft: Draft, replaced?: string) {
    if (this.isLost) throw new Error('The database connection is closing.')
    await super.put(path, draft, replaced)
  }

  [Symbol.dispose](): void {}
}

test('drafts are there after the browser ended its database under the page', async () => {
  const browser = new LosableDrafts()
  const drafts = new SteadyDrafts(browser.open)
  await drafts.put('a', DRAFT)
  browser.isLost = true
  expect(await drafts.get('a')).toMatchObject(DRAFT)
  expect(browser.openings).toBe(2)
})

test('a draft that the browser took before it refused does not come back when its text was saved', async () => {
  const browser = new LosableDrafts()
  let isRefusing = false
  const drafts = new SteadyDrafts(async () => {
    if (isRefusing) throw new Error('The quota is exceeded.')
    return browser
  })
  await drafts.put('a', DRAFT)
  browser.isLost = true
  isRefusing = true
  await drafts.put('a', { ...DRAFT, content: 'newer' }, DRAFT.content)
  browser.isLost = false
  isRefusing = false
  expect(await drafts.get('a')).toMatchObject({ content: 'newer' })
  await drafts.delete('a', 'newer')
  expect(await drafts.get('a')).toBeUndefined()
})

test('where the browser refuses, drafts live as long as the page', async () => {
  const drafts = new SteadyDrafts(() => Promise.reject(new Error('forbidden')))
  await drafts.put('a', DRAFT)
  expect(await drafts.get('a')).toMatchObject(DRAFT)
  await drafts.delete('a', DRAFT.content)
  expect(await drafts.get('a')).toBeUndefined()
})
