import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { z } from 'zod'
import type { Contender } from './contender.ts'

const answerSchema = z.object({ id: z.int(), ms: z.number().optional(), error: z.string().optional() })

/**
 * What nothing that starts a shell from Node can beat: `sh -c`, and the file system itself. In a small process of its
 * own, because starting one takes the longer the larger its parent is; it times itself.
 */
export function floor(folder: string, crowd: string): Contender {
  const child = fork(join(import.meta.dirname, 'floor-process.ts'), [folder, crowd], {
    execArgv: ['--disable-warning=ExperimentalWarning'],
  })
  const ask = asker(child)
  return {
    name: 'floor: sh -c, and the file system',
    role: 'floor',
    exec: (command) => ask('exec', command),
    write: (name, text) => ask('write', name, text),
    read: (name) => ask('read', name),
    upload: (name, body) => ask('upload', name, body.length),
    download: (name) => ask('download', name),
    list: () => ask('list'),
    [Symbol.asyncDispose]: async () => {
      const ended = once(child, 'exit')
      child.disconnect()
      await ended
    },
  }
}

function asker(child: ChildProcess): (act: string, ...args: (string | number)[]) => Promise<number> {
  const open = new Map<number, PromiseWithResolvers<number>>()
  let asked = 0
  child.on('message', (message) => {
    const { id, ms, error } = answerSchema.parse(message)
    if (ms === undefined) open.get(id)?.reject(new Error(error))
    else open.get(id)?.resolve(ms)
    open.delete(id)
  })
  return async (act, ...args) => {
    const answer = Promise.withResolvers<number>()
    open.set(++asked, answer)
    child.send({ id: asked, act, args })
    return answer.promise
  }
}
