import { describe, expect, test } from 'vitest'
import { decodeFrame, encodeFrame } from './frames.ts'
import { newId, newSandboxId, replIdSchema, sandboxIdSchema } from './ids.ts'
import { isWorkspacePath, joinPath, nameOf, parentOf } from './paths.ts'
import { isAtLeast } from './roles.ts'

describe('ids', () => {
  test('new ids have the form that DNS labels need, and differ', () => {
    const ids = Array.from({ length: 1000 }, newId)
    expect(new Set(ids).size).toBe(1000)
    expect(ids.every((id) => replIdSchema.safeParse(id).success)).toBe(true)
    expect(sandboxIdSchema.safeParse(newSandboxId()).success).toBe(true)
  })
})

describe('frames', () => {
  test('a frame is read back as it was written, beyond 32 bits of offset', () => {
    const frame = { kind: 'output' as const, channel: 7, offset: 2 ** 40 + 3, payload: new Uint8Array([1, 2, 255]) }
    expect(decodeFrame(encodeFrame(frame))).toEqual(frame)
  })

  test.each([
    ['too short', new Uint8Array(12)],
    ['an unknown kind', new Uint8Array(13).fill(9)],
    ['an offset past what numbers hold', new Uint8Array([1, 0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255])],
  ])('%s is no frame', (_name, bytes) => {
    expect(decodeFrame(bytes)).toBeUndefined()
  })
})

describe('paths', () => {
  test.each(['', 'a', 'a/b.txt', 'ünï/コード', '.env', 'a..b', '...'])('%j is a workspace path', (path) => {
    expect(isWorkspacePath(path)).toBe(true)
  })

  test.each([
    '/etc/passwd',
    '../x',
    'a/../../x',
    'a/./b',
    'a//b',
    'a/',
    '..',
    '.',
    'a\0b',
    'a'.repeat(256),
    `${'a/'.repeat(2100)}b`,
    '\ud800',
  ])('S8: %j is not', (path) => {
    expect(isWorkspacePath(path)).toBe(false)
  })

  test('parent, name and join agree', () => {
    for (const path of ['a', 'a/b', 'a/b/c']) expect(joinPath(parentOf(path), nameOf(path))).toBe(path)
  })
})

test('a role includes the ones below it', () => {
  expect([isAtLeast('owner', 'viewer'), isAtLeast('editor', 'editor'), isAtLeast('viewer', 'editor')]).toEqual([
    true,
    true,
    false,
  ])
})
