import { spawn, spawnSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { serveDiskObject } from '#server/object-store/disk-presigned.ts'
import { openDiskObjectStore } from '#server/object-store/disk.ts'
import { describeObjectStore } from '#server/object-store/object-store.contract.ts'
import type { ObjectStore } from '#server/object-store/object-store.ts'

const signingKey = randomBytes(32)
let root = ''
let store: ObjectStore
let origin = ''
const server = createServer((request, response) => void serveDiskObject({ store, signingKey }, request, response))

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'devex-objects-'))
  store = await openDiskObjectStore({ folder: join(root, 'contract'), signingKey })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('listens on TCP')
  origin = `http://127.0.0.1:${address.port}`
})
afterAll(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
  await rm(root, { recursive: true, force: true })
})
afterEach(() => {
  vi.useRealTimers()
})

describeObjectStore('disk', {
  open: () => openDiskObjectStore({ folder: join(root, 'contract'), signingKey }),
  locate: (url) => new URL(url, origin).href,
})

describe('the disk object store', () => {
  test('leaves no draft and no lock behind, whatever happened', async () => {
    expect(await readdir(join(root, 'contract', 'drafts'))).toEqual([])
    expect(await readdir(join(root, 'contract', 'locks'))).toEqual([])
  })

  test('lets exactly one of two processes replace, round after round', async () => {
    const folder = join(root, 'processes')
    await using first = await openDiskObjectStore({ folder, signingKey })
    const rounds = 40
    await first.put('round/0', Buffer.from('start'))
    // Each goes through all rounds as fast as it can, and writes down which it won.
    const racer = (name: string) => runScript(`
      const store = await openDiskObjectStore({ folder: ${JSON.stringify(folder)}, signingKey: new Uint8Array(32) })
      for (let round = 0; round < ${rounds}; round += 1) {
        let start
        while ((start = await store.head('round/' + round)) === undefined);
        try {
          await store.put('winner/' + round, Buffer.from(${JSON.stringify(name)} + round), { ifAbsent: true })
          process.stdout.write('created ' + round + '\\n')
          await store.put('round/' + (round + 1), Buffer.from('start'))
        } catch (error) { if (error.code !== 'conflict') throw error }
        let counted = false
        while (!counted) {
          const head = await store.get('count')
          const count = head === undefined ? 0 : Number(await text(head.body))
          const condition = head === undefined ? { ifAbsent: true } : { ifMatch: head.info.etag }
          counted = await store.put('count', Buffer.from(String(count + 1)), condition).then(() => true, (error) => {
            if (error.code !== 'conflict') throw error
            return false
          })
        }
      }`) // prettier-ignore
    const processes = [racer('a'), racer('b'), racer('c')]
    const outputs = await Promise.all(processes.map((child) => text(child.stdout)))
    const won = outputs.flatMap((output) => output.trim().split('\n')).filter((line) => line !== '')
    expect(won.sort()).toEqual(Array.from({ length: rounds }, (_, round) => `created ${round}`).sort())
    const count = await first.get('count')
    expect(count === undefined ? '' : await text(count.body)).toBe(String(rounds * processes.length))
  }, 60_000)

  test('keeps an object whose key is the folder of another', async () => {
    await store.put('nested', Buffer.from('above'))
    await store.put('nested/below', Buffer.from('below'))
    expect((await Array.fromAsync(store.list('nested'))).map(({ key }) => key)).toEqual(['nested', 'nested/below'])
    await store.delete(['nested/below', 'nested'])
    expect(await Array.fromAsync(store.list('nested'))).toEqual([])
  })

  test('takes over the lock of a process that was killed', async () => {
    const folder = join(root, 'abandoned')
    await using own = await openDiskObjectStore({ folder, signingKey })
    const dead = spawnSync(process.execPath, ['--eval', ''])
    const owner = { pid: dead.pid, started: '1', namespace: await namespaceOfProcesses(), nonce: 'dead' }
    await writeFile(join(folder, 'locks', createHash('sha256').update('held').digest('hex')), JSON.stringify(owner))
    await Promise.all(Array.from({ length: 5 }, (_, n) => own.put('held', Buffer.from(String(n)))))
    expect(await own.head('held')).toMatchObject({ bytes: 1 })
    expect(await readdir(join(folder, 'locks'))).toEqual([])
  })

  test.for([
    { what: 'nothing', left: '' },
    { what: 'zeros', left: '\0'.repeat(150) },
    { what: 'a part', left: '{"pid":12,"started":"3456","names' },
  ])('takes over a lock of which a loss of power left $what, and the lock on taking it', async ({ left }) => {
    const folder = await mkdtemp(join(root, 'powerless-'))
    await using first = await openDiskObjectStore({ folder, signingKey })
    await using second = await openDiskObjectStore({ folder, signingKey })
    const lock = join(folder, 'locks', createHash('sha256').update('held').digest('hex'))
    await writeFile(lock, left)
    await writeFile(`${lock}.inode-${(await stat(lock)).ino}.dead`, left)
    const stores = [first, second, first, second]
    await Promise.all(stores.map((each, n) => each.put('held', Buffer.from(String(n)))))
    expect(await first.head('held')).toMatchObject({ bytes: 1 })
    expect(await readdir(join(folder, 'locks'))).toEqual([])
  })

  test('holds every object that was acknowledged before kill -9, whole', async () => {
    const folder = join(root, 'killed')
    const writer = runScript(`
      const store = await openDiskObjectStore({ folder: ${JSON.stringify(folder)}, signingKey: new Uint8Array(32) })
      let head
      for (let n = 0; ; n += 1) {
        await store.put('n/' + n, Buffer.alloc(20_000, String(n)), { ifAbsent: true })
        head = await store.put('head', Buffer.from(String(n)), head && { ifMatch: head.etag })
        process.stdout.write(n + '\\n')
      }`)
    let acknowledged = -1
    for await (const line of createInterface({ input: writer.stdout })) {
      acknowledged = Math.max(acknowledged, Number(line))
      if (acknowledged === 30) writer.kill('SIGKILL')
    }
    if (writer.exitCode === null && writer.signalCode === null) await once(writer, 'exit')
    await using after = await openDiskObjectStore({ folder, signingKey })
    for (let n = 0; n <= acknowledged; n += 1) {
      const found = await after.get(`n/${n}`)
      expect(found === undefined ? '' : (await text(found.body)) === Buffer.alloc(20_000, String(n)).toString()).toBe(
        true,
      )
    }
    const head = await after.get('head')
    expect(Number(head === undefined ? NaN : await text(head.body))).toBeGreaterThanOrEqual(acknowledged)
    await after.put('head', Buffer.from('goes on'), { ifMatch: head?.info.etag ?? '' })
  }, 30_000)

  const mount = join(tmpdir(), `devex-full-${process.pid}`)
  const canMount = process.getuid?.() === 0 && process.platform === 'linux'
  test.skipIf(!canMount)(
    `says that the disk is full, and keeps what it has${canMount ? '' : ' (skipped: only root may mount a small disk)'}`,
    async () => {
      await mkdir(mount)
      spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'devex-test', mount])
      try {
        await using small = await openDiskObjectStore({ folder: join(mount, 'objects'), signingKey })
        await small.put('kept', Buffer.from('old'))
        await expect(small.put('kept', Buffer.alloc(500_000))).rejects.toMatchObject({
          code: 'unavailable',
          message: expect.stringMatching(/disk that holds .* is full/),
          advice: expect.stringContaining('room'),
        })
        const kept = await small.get('kept')
        expect(kept === undefined ? '' : await text(kept.body)).toBe('old')
        await small.put('kept', Buffer.from('new'))
      } finally {
        spawnSync('umount', [mount])
        await rm(mount, { recursive: true, force: true })
      }
    },
  )

  test.for(['/sys/devex/objects', '/etc/passwd/objects'])(
    'a folder that cannot be made is named: %s',
    async (folder) => {
      await expect(openDiskObjectStore({ folder, signingKey })).rejects.toMatchObject({
        code: 'unavailable',
        message: expect.stringContaining(folder),
        advice: expect.stringContaining('DEVEX_DATA'),
      })
    },
  )

  test('refuses a folder, and an object, of a newer format', async () => {
    const folder = join(root, 'newer')
    await mkdir(folder)
    await writeFile(join(folder, 'format'), '9\n')
    await expect(openDiskObjectStore({ folder, signingKey })).rejects.toMatchObject({
      code: 'not_supported',
      message: expect.stringMatching(/newer.*format 9/),
    })
    await writeFile(join(root, 'contract', 'objects', 'later='), 'devex object 2\n'.padEnd(200))
    await expect(store.head('later')).rejects.toMatchObject({
      code: 'not_supported',
      message: expect.stringContaining('later'),
    })
    await rm(join(root, 'contract', 'objects', 'later='))
  })

  test('a pre-signed URL ends with its time', async () => {
    await store.put('timed', Buffer.from('x'))
    const { url, expiresAt } = await store.presignGet('timed')
    vi.useFakeTimers({ now: expiresAt - 1000, toFake: ['Date'] })
    expect((await fetch(origin + url)).status).toBe(200)
    vi.setSystemTime(expiresAt)
    expect((await fetch(origin + url)).status).toBe(403)
  })

  test('a URL signed with another key is refused', async () => {
    await using other = await openDiskObjectStore({ folder: join(root, 'contract'), signingKey: randomBytes(32) })
    await store.put('signed', Buffer.from('x'))
    expect((await fetch(origin + (await other.presignGet('signed')).url)).status).toBe(403)
  })

  test.for(['/internal/objects/', '/internal/objects/../format', '/internal/objects/a?expires=1', '/internal/objects/%2e%2e/format', '/else'])(
    'answers %s with a refusal, not with a fault', async (path) => {
      const answer = await fetch(origin + path)
      expect(answer.status).toBe(400)
      expect(await answer.json()).toMatchObject({ error: { code: 'bad_request' } })
    }) // prettier-ignore
})

function runScript(body: string) {
  const imports = `import { text } from 'node:stream/consumers'
    import { openDiskObjectStore } from '#server/object-store/disk.ts'\n`
  return spawn(process.execPath, ['--input-type=module', '--eval', imports + body], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
}

async function namespaceOfProcesses(): Promise<string> {
  const { readlink } = await import('node:fs/promises')
  return readlink('/proc/self/ns/pid').catch(() => 'none')
}
