import { createServer } from 'node:http'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { listenOnPort, listenOnSocket } from '#server/listen.ts'

function server() {
  const made = createServer()
  onTestFinished(() => void made.close())
  return made
}

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'devex-listen-'))
  onTestFinished(() => rm(path, { recursive: true, force: true }))
  return path
}

test('a port in use is an error that names it and another one', async () => {
  const port = await listenOnPort(server(), '127.0.0.1', 0)
  await expect(listenOnPort(server(), '127.0.0.1', port)).rejects.toMatchObject({
    message: expect.stringContaining(`Port ${port} of 127.0.0.1`),
    advice: expect.stringContaining(`PORT=${port + 1}`),
  })
})

test('a socket that nobody serves any more is replaced', async () => {
  const path = join(await folder(), 'a.sock')
  await writeFile(path, '')
  await expect(listenOnSocket(server(), path)).resolves.toBeUndefined()
})

test('a data folder that is served already is refused', async () => {
  const path = join(await folder(), 'a.sock')
  await listenOnSocket(server(), path)
  await expect(listenOnSocket(server(), path)).rejects.toMatchObject({
    code: 'conflict',
    advice: expect.stringContaining('DEVEX_DATA'),
  })
})
