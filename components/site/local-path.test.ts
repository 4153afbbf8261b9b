import { expect, test } from 'vitest'
import { localPath } from '#components/site/local-path.ts'

test.each(['/repls', '/r/abc?file=a%20b#L3', '/s/token'])('keeps the path %s', (path) => {
  expect(localPath(path, '/repls')).toBe(path)
})

test.each([
  undefined,
  '',
  'repls',
  'https://evil.example/',
  '//evil.example',
  '/\\evil.example',
  '/\t/evil.example',
  '\\/evil.example',
  'javascript:alert(1)',
  '/signin?callbackUrl=/signin',
])('refuses %j', (path) => {
  expect(localPath(path, '/repls')).toBe('/repls')
})
