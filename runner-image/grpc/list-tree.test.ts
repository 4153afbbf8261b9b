import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ListDirRequest } from '#wire/gen/runner.ts'
import { Workspace } from '../files/workspace.ts'
import { listTree } from './list-tree.ts'
import { Places } from './places.ts'

let root: string
beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'devex-list-')))
})
afterEach(async () => rm(root, { recursive: true, force: true }))

const request: ListDirRequest = { path: '', reach: 0, depth: 1, limit: 500, includeIgnored: false, details: false }

describe('listing a tree', () => {
  test('lets others have their turn, also while all that it meets is ignored', async () => {
    await Promise.all(Array.from({ length: 2000 }, async (_, index) => writeFile(join(root, `aaaaaa-${index}`), '')))
    await writeFile(join(root, '.gitignore'), `aaaaaa-*\n${'a*a-*-b\n'.repeat(5000)}`)
    let turns = 0
    const over = new AbortController()
    const counting = (async () => {
      for (; !over.signal.aborted; turns++) await setImmediate()
    })()
    const { entries } = await listTree(new Places(new Workspace(root)), request)
    over.abort()
    await counting
    expect(entries.map(({ path }) => path)).toEqual(['.gitignore'])
    expect(turns).toBeGreaterThan(20)
  })
})
