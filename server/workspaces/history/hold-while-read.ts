import { Readable } from 'node:stream'
import { AppError } from '#server/errors.ts'

/**
 * `content`, with `place` held until it has ended in any way. It is given up where nobody reads on for `idleMs`: a page
 * that went away before the answer began tells nobody.
 */
export function holdWhileRead(content: Readable, { place, idleMs }: { place: Disposable; idleMs: number }): Readable {
  const idle = setTimeout(() => {
    content.destroy(
      new AppError('timeout', 'The download stood still for too long.', { advice: 'Start it once more.' }),
    )
  }, idleMs)
  idle.unref()
  // Whoever reads is told of the error by reading; where nobody does it must not end the process.
  content.on('error', () => undefined)
  content.once('close', () => {
    clearTimeout(idle)
    place[Symbol.dispose]()
  })
  const output = Readable.from(passOn(content, idle))
  output.once('close', () => content.destroy())
  return output
}

async function* passOn(content: Readable, idle: NodeJS.Timeout): AsyncGenerator<unknown, undefined> {
  for await (const part of content) {
    idle.refresh()
    yield part
  }
}
