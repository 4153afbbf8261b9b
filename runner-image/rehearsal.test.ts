import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { rehearse } from './rehearsal.ts'

/** Processes whose parent is this one. */
function children(): string[] {
  return readdirSync('/proc').filter((name) => {
    if (!/^\d+$/.test(name)) return false
    try {
      return (
        / (\d+) /.exec(readFileSync(`/proc/${name}/stat`, 'latin1').replace(/^.*\) . /s, ' '))?.[1] ===
        String(process.pid)
      )
    } catch {
      // It has ended meanwhile.
      return false
    }
  })
}

test('a rehearsal ends with its shell', async () => {
  const before = children()
  await rehearse()
  expect(children()).toEqual(before)
})
