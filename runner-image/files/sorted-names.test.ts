import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { SORTED_IN_A_TURN } from '../limits.ts'
import { listFolder } from './entries.ts'
import { compare, sortInTurns, sortedNames } from './sorted-names.ts'
import { Workspace } from './workspace.ts'

const COUNT = 4 * SORTED_IN_A_TURN + 100

let root: string
let workspace: Workspace
beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'devex-names-')))
  workspace = new Workspace(root)
  const names = Array.from({ length: COUNT }, (_, index) => `${(index * 7919) % COUNT} file ${index}`)
  await Promise.all(names.map(async (name) => writeFile(join(root, name), '')))
})
afterEach(async () => rm(root, { recursive: true, force: true }))

const names = async (isContinued: boolean) => sortedNames(workspace, { folder: root, path: '' }, isContinued)

describe('names of a large folder', () => {
  test('are sorted in turns', async () => {
    let turns = 0
    const over = new AbortController()
    const counting = (async () => {
      for (; !over.signal.aborted; turns++) await setImmediate()
    })()
    const listed = Array.from({ length: COUNT }, (_, index) => ({
      isFolder: index % 3 === 0,
      name: `${(index * 7919) % COUNT} file`,
    }))
    const sorted = await sortInTurns(listed)
    over.abort()
    await counting
    expect(turns).toBeGreaterThan(10)
    expect(sorted).toEqual(listed.sort(compare))
  })

  test('are kept for the next page until the folder changes, and read again for a first one', async () => {
    // As soon as the folder has not changed for a moment.
    await expect.poll(async () => (await names(false)) === (await names(true)), { timeout: 15_000 }).toBe(true)
    const kept = await names(true)
    expect(await names(false)).not.toBe(kept)
    await writeFile(join(root, 'a new one'), '')
    const changed = await names(true)
    expect(changed.filter(({ name }) => name === 'a new one')).toHaveLength(1)
  })

  test('come in pages, each once', async () => {
    await expect.poll(async () => (await names(false)) === (await names(true)), { timeout: 15_000 }).toBe(true)
    const seen: string[] = []
    let cursor: string | undefined
    do {
      const page = await listFolder(workspace, '', cursor)
      seen.push(...page.entries.map(({ name }) => name))
      cursor = page.cursor
    } while (cursor !== undefined)
    expect(seen).toEqual((await names(false)).map(({ name }) => name))
  })
})
