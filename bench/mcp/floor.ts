import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Contender } from './contender.ts'

/** What nothing that starts a shell from Node can beat: `sh -c`, and the file system itself. */
export function floor(folder: string, crowd: string): Contender {
  return {
    name: 'floor: sh -c, and the file system',
    async exec(command) {
      const child = spawn('sh', ['-c', command], { stdio: ['ignore', 'pipe', 'pipe'] })
      child.stdout.resume()
      child.stderr.resume()
      await once(child, 'close')
    },
    write: (name, text) => writeFile(join(folder, name), text),
    read: (name) => readFile(join(folder, name), 'utf8'),
    upload: (name, body) => writeFile(join(folder, name), body),
    download: (name) => readFile(join(folder, name)),
    list: () => readdir(crowd, { withFileTypes: true }),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
}
