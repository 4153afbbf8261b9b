import { Readable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { holdWhileRead } from '#server/workspaces/history/hold-while-read.ts'

const NEVER_MS = 60_000

function held(content: Readable, idleMs = NEVER_MS) {
  const { promise: isBack, resolve } = Promise.withResolvers<undefined>()
  let times = 0
  const place = {
    [Symbol.dispose]: () => {
      times += 1
      resolve(undefined)
    },
  }
  return { output: holdWhileRead(content, { place, idleMs }), isBack, times: () => times }
}

async function* endless(): AsyncGenerator<Buffer> {
  for (;;) yield Buffer.from('x')
}

describe('the place of a download is given back', () => {
  test('when all of it was read, not before', async () => {
    const { output, isBack, times } = held(Readable.from(['a', 'b']))
    expect(times()).toBe(0)
    expect(await Array.fromAsync(output)).toEqual(['a', 'b'])
    await isBack
    expect(times()).toBe(1)
  })

  test.each([false, true])('when the browser goes away (having read some: %s)', async (hasRead) => {
    const { output, isBack, times } = held(Readable.from(endless()))
    if (hasRead) await output[Symbol.asyncIterator]().next()
    output.destroy()
    await isBack
    expect(times()).toBe(1)
  })

  test('when it breaks, which the reader hears of', async () => {
    const content = Readable.from(endless())
    const { output, isBack } = held(content)
    const parts = output[Symbol.asyncIterator]()
    await parts.next()
    content.destroy(new Error('the store is away'))
    await expect(Array.fromAsync(parts)).rejects.toThrow('the store is away')
    await isBack
  })

  test('when nobody reads it, which ends it', async () => {
    const { output, isBack } = held(Readable.from(endless()), 1)
    await isBack
    await expect(Array.fromAsync(output)).rejects.toMatchObject({ code: 'timeout' })
  })
})
