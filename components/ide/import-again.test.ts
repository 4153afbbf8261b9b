import { expect, test } from 'vitest'
import { importAgain } from './import-again.ts'

test('a part that fails to load is loaded again', async () => {
  let attempts = 0
  const part = await importAgain(async () => {
    attempts += 1
    if (attempts === 1) throw new Error('ERR_NETWORK_CHANGED')
    return 'part'
  })
  expect([part, attempts]).toEqual(['part', 2])
})
