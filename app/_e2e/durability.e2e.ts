import { execFileSync } from 'node:child_process'
import { readFileSync, readdirSync } from 'node:fs'
import { expect, test } from '@playwright/test'
import { z } from 'zod'
import { connect, createRepl, signIn } from './_client.ts'
import { startServer } from './_server.ts'
import { runnersIn } from './_workbench.ts'

const stateOf = z.object({ state: z.object({ kind: z.string() }) })

/** Every process of this machine whose command line or environment names `text`. */
function processesNaming(text: string): string[] {
  return readdirSync('/proc').flatMap((pid) => {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) return []
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
      const environment = readFileSync(`/proc/${pid}/environ`, 'utf8')
      return command.includes(text) || environment.includes(text) ? [`${pid} ${command}`] : []
    } catch {
      return []
    }
  })
}

function sandboxesIn(dataFolder: string): string[] {
  try {
    return readdirSync(`${dataFolder}/sandboxes`)
  } catch {
    return []
  }
}

test('kill -9 of the control plane during an edit: what was acknowledged is there, and the same shell goes on', async () => {
  const first = await startServer()
  const client = await signIn(first.link)
  const replId = await createRepl(client, 'node')
  const before = await connect(client, replId)
  const terminal = await before.openTerminal()
  const shell = /shell=(\d+)/.exec(await terminal.type('kept=yes; echo "shell=$$"\r', /shell=\d+/))?.[1]

  let etag: string | null = null
  let acknowledged = 0
  const edits = (async () => {
    for (let edit = 1; ; edit++) {
      const written: { etag: string } = await before.request('files.write', {
        path: 'notes.txt',
        content: `edit ${edit}\n`,
        ifMatch: etag,
      })
      etag = written.etag
      acknowledged = edit
      if (edit === 25) void first.kill()
    }
  })()
  await expect(edits).rejects.toThrow(/closed/)
  expect(acknowledged).toBeGreaterThanOrEqual(25)

  await using second = await startServer({ again: first })
  const after = await connect({ ...client, url: second.url }, replId)
  const file = await after.request('files.read', { path: 'notes.txt' })
  const found = file.kind === 'text' ? Number(/edit (\d+)/.exec(file.content)?.[1]) : 0
  // One write may have been under way, done but not acknowledged.
  expect([acknowledged, acknowledged + 1]).toContain(found)
  const { terminals } = await after.request('terminal.list', {})
  expect(terminals.map(({ id, pid }) => ({ id, pid: String(pid > 0) }))).toEqual([{ id: terminal.id, pid: 'true' }])
  const { channel } = await after.request('terminal.attach', { terminal: terminal.id, since: 0 })
  expect(channel).toBeGreaterThanOrEqual(0)
  const fresh = await after.openTerminal()
  expect(await fresh.type(`tr '\\0' '\\n' < /proc/${shell}/comm; echo end=$((1+1))\r`, 'end=2')).toContain('bash')
  after.close()
})

test('kill -9 of the control plane during a start: the REPL starts all the same, once', async () => {
  const first = await startServer({ env: { SPARE_SANDBOXES: '0' } })
  const client = await signIn(first.link)
  const replId = await createRepl(client, 'node')
  await first.kill()

  await using second = await startServer({ again: first, env: { SPARE_SANDBOXES: '0' } })
  const again = await signIn(second.link)
  const connection = await connect(again, replId)
  const terminal = await connection.openTerminal()
  await terminal.type('ls; echo end=$((1+1))\r', 'end=2')
  await expect.poll(() => sandboxesIn(second.dataFolder).length).toBe(1)
  connection.close()
})

test('Ctrl-C saves, stops, and leaves no process, namespace or socket behind', async () => {
  const server = await startServer()
  const client = await signIn(server.link)
  const replId = await createRepl(client, 'node')
  const connection = await connect(client, replId)
  const terminal = await connection.openTerminal()
  await terminal.type('(sleep 1234 &) ; echo kept > kept.txt; echo end=$((1+1))\r', 'end=2')
  const sandboxes = sandboxesIn(server.dataFolder)
  expect(sandboxes.length).toBeGreaterThan(0)

  expect(await server.stop()).toBe(0)
  expect(sandboxesIn(server.dataFolder)).toEqual([])
  for (const sandbox of sandboxes) expect(processesNaming(sandbox)).toEqual([])
  expect(processesNaming(server.dataFolder)).toEqual([])
  const sockets = readdirSync(`/tmp/devex-${process.getuid?.()}`)
  expect(sockets.filter((name) => sandboxes.includes(name))).toEqual([])
  if (process.getuid?.() === 0) {
    const spaces = execFileSync('sh', ['-c', 'ip netns list 2>/dev/null || true'], { encoding: 'utf8' })
    for (const sandbox of sandboxes) expect(spaces).not.toContain(sandbox)
  }

  await using second = await startServer({ again: server })
  const again = await signIn(second.link)
  expect(stateOf.parse(await again.query('repls.get', { replId })).state.kind).toBe('stopped')
  const back = await connect(again, replId)
  expect(await back.request('files.read', { path: 'kept.txt' })).toMatchObject({ content: 'kept\n' })
  back.close()
})

test('S10: a runner that dies is restarted on the same files, and the page can go on', async () => {
  await using server = await startServer()
  const client = await signIn(server.link)
  const replId = await createRepl(client, 'node')
  const connection = await connect(client, replId)
  await connection.request('files.write', { path: 'kept.txt', content: 'kept\n', ifMatch: null })
  const killed = runnersIn(server.dataFolder)
  expect(killed.length).toBeGreaterThan(0)
  for (const pid of killed) process.kill(pid, 'SIGKILL')
  await connection.closed
  await expect
    .poll(
      async () => {
        const next = await connect(client, replId).catch(() => undefined)
        const file = await next?.request('files.read', { path: 'kept.txt' }).catch(() => undefined)
        next?.close()
        return file?.kind === 'text' ? file.content : undefined
      },
      { timeout: 60_000 },
    )
    .toBe('kept\n')
})
