import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const PROGRAM = `
import { outliveLogReaders } from ${JSON.stringify(join(import.meta.dirname, 'log-readers.ts'))}
outliveLogReaders()
process.stdin.once('data', () => {
  process.exitCode = 7
  process.stdout.write('nobody reads this')
  process.stderr.write('nor this')
})
process.stdout.write('ready')
`

test('a process whose log nobody reads any more goes on', async () => {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', PROGRAM])
  await once(child.stdout, 'data')
  child.stdout.destroy()
  child.stderr.destroy()
  child.stdin.end('go on')
  expect(await once(child, 'exit')).toEqual([7, null])
})
