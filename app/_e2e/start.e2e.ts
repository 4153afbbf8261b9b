import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text as streamText } from 'node:stream/consumers'
import { expect, test } from '@playwright/test'
import { z } from 'zod'
import { connect, createRepl, signIn } from './_client.ts'
import { startServer } from './_server.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const END_LIMIT_MS = 30_000
const SMALL_DISK = 'size=24m'
const canMount = mountWorks()

let folder = ''
test.beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'devex-start-'))
})
test.afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** Starts the product where it cannot run; resolves to how it ended. */
async function refusal(env: Record<string, string>): Promise<{ code: number | null; words: string }> {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', 'server/main.ts'], {
    cwd: ROOT,
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, NODE_ENV: 'production', PORT: '0', DEVEX_DATA: join(folder, 'data'), ...env },
    timeout: END_LIMIT_MS,
  })
  let words = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (words += text))
  const [code] = await once(child, 'close')
  return { code, words }
}

/** A file system of its own on a folder, until the answer is disposed of. */
function mounted(path: string, options: string): Disposable {
  execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', path], { stdio: 'pipe' })
  return { [Symbol.dispose]: () => void execFileSync('umount', ['--lazy', path]) }
}

function mountWorks(): boolean {
  if (process.getuid?.() !== 0) return false
  const probe = mkdtempSync(join(tmpdir(), 'devex-mount-'))
  try {
    mounted(probe, SMALL_DISK)[Symbol.dispose]()
    return true
  } catch {
    return false
  } finally {
    rmSync(probe, { recursive: true, force: true })
  }
}

const NO_STACK = /\n\s+at /

test('wrong settings: every one is named, with what was wrong and an example; nothing is made', async () => {
  const { code, words } = await refusal({ PORT: 'eighty', LOG_LEVEL: 'loud', PUBLIC_URL: 'example' })
  expect(code).toBe(1)
  expect(words).toMatch(/PORT: .*expected number.*Example: PORT=3000/)
  expect(words).toMatch(/LOG_LEVEL: .*"debug".*Example: LOG_LEVEL=info/)
  expect(words).toMatch(/PUBLIC_URL: .*URL.*https:\/\/devex\.example\.com/)
  expect(words).not.toMatch(NO_STACK)
  expect(readdirSync(folder)).toEqual([])
})

test('S1: a short secret is refused, with a command that makes a good one', async () => {
  const { code, words } = await refusal({ DEVEX_SECRET: 'change-me' })
  expect(code).toBe(1)
  expect(words).toContain('openssl rand -hex 32')
  expect(words).not.toContain('change-me')
})

test('a port in use is named, with the way to choose another', async () => {
  const other = createServer().listen(0, '127.0.0.1')
  await once(other, 'listening')
  const address = other.address()
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0
  const { code, words } = await refusal({ PORT: String(port) })
  expect(code).toBe(1)
  expect(words).toContain(`Port ${port}`)
  expect(words).toContain(`PORT=${port + 1}`)
  expect(words).not.toMatch(NO_STACK)
  other.close()
  await once(other, 'close')
})

test('a file in the place of the data folder is refused by name', async () => {
  writeFileSync(join(folder, 'data'), '')
  const { code, words } = await refusal({})
  expect(code).toBe(1)
  expect(words).toContain(join(folder, 'data'))
  expect(words).toContain('DEVEX_DATA')
  expect(words).not.toMatch(NO_STACK)
})

test.describe(
  canMount ? 'on a file system of its own' : 'on a file system of its own (skipped: cannot mount here)',
  () => {
    test.skip(!canMount)

    test('a read-only data folder is refused, and says that it is read-only', async () => {
      using _ = mounted(folder, 'ro')
      const { code, words } = await refusal({ DEVEX_DATA: folder })
      expect(code).toBe(1)
      expect(words).toContain('read-only')
      expect(words).toContain('DEVEX_DATA')
      expect(words).not.toMatch(NO_STACK)
    })

    test('a full disk: a new REPL is refused in plain words, nothing half made is left, and with space it works', async () => {
      using _ = mounted(folder, SMALL_DISK)
      await using server = await startServer({ env: { DEVEX_DATA: folder, SPARE_SANDBOXES: '0' } })
      const client = await signIn(server.link)
      const ballast = join(folder, 'ballast')
      const { bavail, bsize } = statfsSync(folder)
      writeFileSync(ballast, Buffer.alloc(bavail * bsize))
      await expect(createRepl(client, 'node')).rejects.toThrow(/The disk that holds .* is full/)
      expect(await client.query('repls.list')).toEqual([])
      expect(existsSync(join(folder, 'sandboxes')) ? readdirSync(join(folder, 'sandboxes')) : []).toEqual([])

      rmSync(ballast)
      const replId = await createRepl(client, 'node')
      expect(await client.query('repls.list')).toHaveLength(1)
      const connection = await connect(client, replId)
      expect(await connection.request('files.read', { path: 'index.js' })).toMatchObject({ kind: 'text' })
      connection.close()
    })
  },
)

test('a data folder of a newer version is refused and left alone', async () => {
  const format = join(folder, 'format.json')
  writeFileSync(format, '{"format":99}')
  const { code, words } = await refusal({ DEVEX_DATA: folder })
  expect(code).toBe(1)
  expect(words).toMatch(/newer version \(format 99/)
  expect(words).not.toMatch(NO_STACK)
  expect(readdirSync(folder)).toEqual(['format.json'])
})

test('a second control plane on the same data folder is refused; the first goes on', async () => {
  await using server = await startServer({ env: { SPARE_SANDBOXES: '0' } })
  const { code, words } = await refusal({ DEVEX_DATA: server.dataFolder })
  expect(code).toBe(1)
  expect(words).toContain('runs on this data folder already')
  expect(words).not.toMatch(NO_STACK)
  const client = await signIn(server.link)
  expect(z.array(z.unknown()).parse(await client.query('repls.list'))).toEqual([])
})

test('figures for Prometheus are there by address, for who has the token', async () => {
  const METRICS_TOKEN = 'sixteen-characters-or-more'
  await using server = await startServer({ env: { SPARE_SANDBOXES: '0', METRICS_TOKEN } })
  const client = await signIn(server.link)
  const connection = await connect(client, await createRepl(client, 'node'))
  await connection.request('terminal.list', {})
  expect((await scrape(server.url, 'another-token-of-that-length')).status).toBe(401)
  const { status, text } = await scrape(server.url, METRICS_TOKEN)
  expect(status).toBe(200)
  expect(text).toMatch(/^devex_start_duration_seconds_count\{from="cold",outcome="ok"\} 1$/m)
  expect(text).toMatch(/^devex_connections 1$/m)
  expect(text).toMatch(/^process_resident_memory_bytes \d+$/m)
  connection.close()
})

/** As a scraper does it, which knows a replica by its address only. */
async function scrape(url: string, token: string): Promise<{ status: number | undefined; text: string }> {
  const asked = request(new URL('/api/metrics', url), {
    headers: { host: '10.1.2.3:3000', authorization: `Bearer ${token}` },
  }).end()
  const [response]: IncomingMessage[] = await once(asked, 'response')
  if (response === undefined) throw new Error('no response')
  return { status: response.statusCode, text: await streamText(response) }
}
