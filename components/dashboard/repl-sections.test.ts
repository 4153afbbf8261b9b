import { expect, test } from 'vitest'
import { replWith } from '#components/dashboard/_repl.ts'
import { replSections } from '#components/dashboard/repl-sections.ts'

const repls = [
  replWith({ id: 'a', name: 'Old', lastUsedAt: 1 }),
  replWith({ id: 'b', name: 'New', lastUsedAt: 9, template: 'python' }),
  replWith({ id: 'c', name: 'Theirs', role: 'viewer', owner: { id: 'u2', name: 'Grace' } }),
  replWith({ id: 'd', name: 'Gone later', state: { kind: 'deleted', purgeAt: 20 } }),
  replWith({ id: 'e', name: 'Gone soon', state: { kind: 'deleted', purgeAt: 10 } }),
]
const ids = (query: string) => {
  const { yours, shared, deleted } = replSections(repls, query)
  return [yours, shared, deleted].map((section) => section.map((repl) => repl.id).join(''))
}

test('own repls come last used first, others apart, deleted ones by what is left to them', () => {
  expect(ids('')).toEqual(['ba', 'c', 'ed'])
})

test('typing searches name, template, repository, owner and state, every word of it', () => {
  expect(ids('PYTHON')).toEqual(['b', '', ''])
  expect(ids('grace')).toEqual(['', 'c', ''])
  expect(ids('gone soon')).toEqual(['', '', 'e'])
  expect(ids('nothing')).toEqual(['', '', ''])
})

test('a name that looks like a pattern is searched as text', () => {
  expect(replSections([replWith({ name: 'a.*b' })], '.*').yours).toHaveLength(1)
  expect(replSections([replWith({ name: 'axxb' })], '.*').yours).toHaveLength(0)
})
