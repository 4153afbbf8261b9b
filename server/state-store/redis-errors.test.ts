import { expect, test } from 'vitest'
import { translateRedisError } from '#server/state-store/redis-errors.ts'

test.each([
  [
    "OOM command not allowed when used memory > 'maxmemory'. script: c71, on @user_script:21.",
    /is full.*/,
    /maxmemory/,
  ],
  ["READONLY You can't write against a read only replica.", /is a replica/, /primary/],
  ['LOADING Redis is loading the dataset in memory', /is reading its data/, /Wait/],
  ['MISCONF Redis is configured to save RDB snapshots', /cannot save its data/, /disk/],
])('a server that answers "%s" is not said to be silent', (said, message, advice) => {
  expect(translateRedisError('redis.example', new Error(said))).toMatchObject({
    code: 'unavailable',
    message: expect.stringMatching(message),
    advice: expect.stringMatching(advice),
  })
})
