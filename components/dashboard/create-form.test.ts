import { expect, test } from 'vitest'
import { readCreateDraft } from '#components/dashboard/create-form.ts'

const DRAFT = {
  kind: 'git' as const,
  template: 'node',
  name: '',
  url: 'https://github.com/ada/engine',
  branch: '',
  zip: undefined,
}

test('an empty name is left to the server', () => {
  expect(readCreateDraft({ ...DRAFT, kind: 'template', name: '  ' })).toEqual({
    isValid: true,
    input: { source: { kind: 'template', template: 'node' } },
  })
})

test('a repository comes with its branch if one is given, and with https if the address lacks it', () => {
  expect(readCreateDraft({ ...DRAFT, url: ' github.com/ada/engine ', branch: 'dev', name: 'Engine' })).toEqual({
    isValid: true,
    input: { name: 'Engine', source: { kind: 'git', url: 'https://github.com/ada/engine', branch: 'dev' } },
  })
})

test('a zip goes with its name, and must be there', () => {
  const zip = new File(['PK'], 'project.zip')
  expect(readCreateDraft({ ...DRAFT, kind: 'zip', zip, name: ' Mine ' })).toEqual({ isValid: true, zip, name: 'Mine' })
  expect(readCreateDraft({ ...DRAFT, kind: 'zip', zip })).toMatchObject({ name: 'project' })
  expect(readCreateDraft({ ...DRAFT, kind: 'zip' })).toEqual({ isValid: false, errors: { zip: 'Choose a zip.' } })
})

test.each([
  [{ name: 'x'.repeat(300) }, { name: 'This cannot be a name: at most 60 characters.' }],
  [{ name: 'bell\u0007' }, { name: 'This cannot be a name: no control characters.' }],
  [{ url: 'git@github.com:ada/engine.git' }, { url: 'Only https works here. Use https://github.com/ada/engine.git' }],
  [{ url: 'file:///etc/passwd' }, { url: 'This is not an https address of a repository.' }],
  [{ url: '' }, { url: 'This is not an https address of a repository.' }],
  [{ branch: '--upload-pack=evil' }, { branch: 'This cannot be the name of a branch.' }],
])('%j is refused beside its field', (change, errors) => {
  expect(readCreateDraft({ ...DRAFT, ...change })).toEqual({ isValid: false, errors })
})
