import { expect, test } from 'vitest'
import { readStats } from './processes/proc.ts'
import { rehearse } from './rehearsal.ts'

/** Processes whose parent is this one. */
async function children(): Promise<number[]> {
  return (await readStats()).filter(({ parent }) => parent === process.pid).map(({ pid }) => pid)
}

test('a rehearsal ends with its shell', async () => {
  const before = await children()
  await rehearse()
  expect(await children()).toEqual(before)
})
