import { expect, test } from 'vitest'
import { AppError } from '#server/errors.ts'
import { createLog } from '#server/log.ts'

function recordingLog(format: 'json' | 'text') {
  const lines: string[] = []
  return { lines, log: createLog({ level: 'info', format, write: (line) => lines.push(line) }) }
}

test('a JSON line carries time, level, message and the fields of its log', () => {
  const { lines, log } = recordingLog('json')
  log.with({ repl: 'abc' }).info('started', { ms: 12 })
  expect(JSON.parse(lines[0] ?? '')).toEqual({
    time: expect.any(String),
    level: 'info',
    message: 'started',
    repl: 'abc',
    ms: 12,
  })
})

test('a field never hides what every line has', () => {
  const { lines, log } = recordingLog('json')
  log.info('isolation', { level: 'bubblewrap' })
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ level: 'info', message: 'isolation' })
})

test('levels below the least one are left out', () => {
  const { lines, log } = recordingLog('json')
  log.debug('noise')
  log.warn('matters')
  expect(lines).toHaveLength(1)
})

test('an error is written with its code and its causes', () => {
  const { lines, log } = recordingLog('json')
  log.error('save failed', new AppError('unavailable', 'store is down', { cause: new Error('ECONNREFUSED') }))
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({
    code: 'unavailable',
    error: 'store is down',
    cause: expect.stringContaining('ECONNREFUSED'),
  })
})

test('a line of text stays one line', () => {
  const { lines, log } = recordingLog('text')
  log.info('named', { name: 'two words' })
  expect(lines[0]).toMatch(/INFO {2}named name="two words"$/)
})
