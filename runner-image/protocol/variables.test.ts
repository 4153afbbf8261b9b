import { expect, test } from 'vitest'
import { readVariables, variableNameSchema } from './variables.ts'

test('lines of a .env file are read: comments, export, quotes, ends of lines', () => {
  const text = `
# a comment
A=1
export B = two words
C="quoted \\"and\\" with\\nlines"
D='as $is\\n'
E=
F=a=b
`
  expect(readVariables(text)).toEqual({
    variables: { A: '1', B: 'two words', C: 'quoted "and" with\nlines', D: 'as $is\\n', E: '', F: 'a=b' },
    problems: [],
  })
})

test('a line that says nothing is named by its number; the others are read', () => {
  const { variables, problems } = readVariables('A=1\njust words\n1B=2\nPATH=/bin\nX=' + 'x'.repeat(20_000))
  expect(variables).toEqual({ A: '1' })
  expect(problems.map(({ line }) => line)).toEqual([2, 3, 4, 5])
  expect(problems[0]?.message).toBe('There is no “=” in it.')
  expect(problems[2]?.message).toContain('sandbox’s own')
})

test('what the sandbox needs itself, or what changes how its shells start, is no name for a variable', () => {
  const taken = ['HOME', 'PATH', 'PORT', 'REPL_ID', 'DEVEX_PATH', 'BASH_ENV', 'IFS']
  expect(taken.filter((name) => variableNameSchema.safeParse(name).success)).toEqual([])
  const free = ['ENV', 'NODE_ENV', 'DATABASE_URL', '_X', 'PORTS', 'TERMS', 'HOMEPAGE', 'LDAP_URL']
  expect(free.filter((name) => !variableNameSchema.safeParse(name).success)).toEqual([])
})
