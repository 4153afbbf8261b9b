import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** The floor's small process: does what it is asked, and says how many milliseconds that took. It imports nothing else. */

const [, , folder = '', crowd = ''] = process.argv

const ACTS: Record<string, (name: string, text: string | number) => Promise<unknown>> = {
  exec: async (command) => {
    const child = spawn('sh', ['-c', command], { stdio: ['ignore', 'pipe', 'pipe'] })
    child.stdout.resume()
    child.stderr.resume()
    await once(child, 'close')
  },
  write: (name, text) => writeFile(join(folder, name), String(text)),
  read: (name) => readFile(join(folder, name), 'utf8'),
  upload: (name, bytes) => writeFile(join(folder, name), new Uint8Array(Number(bytes))),
  download: (name) => readFile(join(folder, name)),
  list: () => readdir(crowd, { withFileTypes: true }),
}

interface Asked {
  id: number
  act: string
  args: [string?, (string | number)?]
}

process.on('message', ({ id, act, args: [name = '', text = ''] }: Asked) => {
  const started = performance.now()
  void (ACTS[act]?.(name, text) ?? Promise.reject(new Error(act))).then(
    () => process.send?.({ id, ms: performance.now() - started }),
    (error: unknown) => process.send?.({ id, error: String(error) }),
  )
})
process.on('disconnect', () => process.exit())
