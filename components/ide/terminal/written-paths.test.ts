import { expect, test } from 'vitest'
import { MAX_PATHS_PER_LINE } from '#protocol/limits.ts'
import { writtenPaths } from './written-paths.ts'

test.each([
  ['src/a.ts:12:3 - error TS2304', ['src/a.ts:12:3'], { path: 'src/a.ts', line: 12, column: 3 }],
  ['src/a.ts(12,3): error TS2304', ['src/a.ts(12,3)'], { path: 'src/a.ts', line: 12, column: 3 }],
  ['  File "/workspace/run.py", line 4, in f', ['/workspace/run.py", line 4'], { path: '/workspace/run.py', line: 4 }],
  ['    at go (/workspace/src/b.js:7:11)', ['/workspace/src/b.js:7:11'], { path: '/workspace/src/b.js', line: 7 }],
  ['    at file:///workspace/b.js:7:11', ['file:///workspace/b.js:7:11'], { path: '/workspace/b.js', line: 7 }],
  ['  --> src/main.rs:2:5', ['src/main.rs:2:5'], { path: 'src/main.rs', line: 2, column: 5 }],
  ['./main.go:9: undefined: x', ['./main.go:9'], { path: './main.go', line: 9 }],
  ['See docs/read me, or docs/über.md.', ['docs/read', 'docs/über.md'], { path: 'docs/read' }],
  ['app/r/[replId]/page.tsx', ['app/r/[replId]/page.tsx'], { path: 'app/r/[replId]/page.tsx' }],
  ['+++ b/src/a.ts', ['b/src/a.ts'], { path: 'b/src/a.ts' }],
  ['❯ deep/a.test.ts:3:1', ['deep/a.test.ts:3:1'], { path: 'deep/a.test.ts' }],
  ['[build] src/a.ts', ['src/a.ts'], { path: 'src/a.ts' }],
])('%s', (text, spans, first) => {
  const found = writtenPaths(text)
  expect(found.map(({ start, end }) => text.slice(start, end))).toEqual(spans)
  expect(found[0]).toMatchObject(first)
})

test.each([
  'http://localhost:3000/a/b.js',
  'done in 3 s',
  'ok...',
  '12:30:01',
  'https://a.example/x.ts:1',
  '// src',
  'and/',
])('no path: %s', (text) => {
  expect(writtenPaths(text)).toEqual([])
})

test('of a line with many paths the first ones are taken', () => {
  expect(writtenPaths('a.ts '.repeat(100))).toHaveLength(MAX_PATHS_PER_LINE)
})
