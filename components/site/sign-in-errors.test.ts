import { expect, test } from 'vitest'
import { signInError } from '#components/site/sign-in-errors.ts'

test('whoever is refused learns whom to ask', () => {
  expect(signInError('NotAllowed', 'ada')?.advice).toContain('Ask ada')
  expect(signInError('NotAllowed', undefined)?.advice).toContain('ALLOWED_GITHUB_USERS')
})

test('coming to a page that needs signing in is no error; an unknown code is one', () => {
  expect(signInError(undefined, undefined)).toBeUndefined()
  expect(signInError('SessionRequired', undefined)).toBeUndefined()
  expect(signInError('<script>', undefined)).toEqual({ message: 'Signing in did not work.', advice: 'Try again.' })
})
