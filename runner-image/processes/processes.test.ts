import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { TestClient } from '../_client.ts'
import { until } from '../_client.ts'
import { startFixture } from '../_fixture.ts'
import type { Fixture } from '../_fixture.ts'
import { parseListening } from './listening.ts'
import { parseStat } from './proc.ts'

let fixture: Fixture
let client: TestClient
beforeEach(async () => {
  fixture = await startFixture({ open: { run: { command: 'echo default' } } })
  client = await fixture.connect('editor')
})
afterEach(async () => {
  client[Symbol.dispose]()
  await fixture[Symbol.asyncDispose]()
})

const size = { cols: 80, rows: 24 }
const server = (port: number, delay = 0) =>
  `${process.execPath} -e "setTimeout(() => require('http').createServer((q, r) => r.end('up')).listen(${port}, '127.0.0.1'), ${delay})"`

describe('processes', () => {
  test('they are listed with their terminal and command, and end when asked to', async () => {
    const terminal = await client.shell()
    terminal.type('sleep 12345 & while :; do :; done & echo rea""dy\n')
    await terminal.shows('ready')
    await client.request('processes.list', {})
    await expect
      .poll(async () => {
        const { processes } = await client.request('processes.list', {})
        return processes.some(({ cpuPercent }) => cpuPercent > 20)
      })
      .toBe(true)
    const { processes } = await client.request('processes.list', {})
    const sleep = processes.find(({ command }) => command === 'sleep 12345')
    expect(sleep).toMatchObject({ terminal: terminal.id, cpuPercent: 0 })
    expect(Math.abs((sleep?.startedAt ?? 0) - Date.now())).toBeLessThan(20_000)
    await client.request('processes.signal', { pid: sleep?.pid ?? 0, signal: 'SIGTERM' })
    await expect
      .poll(async () => (await client.request('processes.list', {})).processes.some(({ pid }) => pid === sleep?.pid))
      .toBe(false)
  })

  test('only processes of this repl can be signalled: not the runner, not others of this machine', async () => {
    for (const pid of [process.pid, process.ppid, 1, 4194303]) {
      await expect(client.request('processes.signal', { pid, signal: 'SIGTERM' })).rejects.toThrow('not_found')
    }
  })

  test('work is seen as activity, waiting is not', async () => {
    const activeAt = async () => {
      const health: unknown = JSON.parse((await fixture.http('GET', '/health')).body.toString())
      return typeof health === 'object' && health !== null && 'activeAt' in health ? Number(health.activeAt) : 0
    }
    const terminal = await client.shell()
    terminal.type('sleep 1000 & echo rea""dy; (while :; do :; done) & \n')
    await terminal.shows('ready')
    await activeAt()
    const before = Date.now()
    await expect.poll(activeAt).toBeGreaterThan(before)
    await client.request('terminal.close', { terminal: terminal.id })
    await activeAt()
    const quiet = await activeAt()
    expect(await activeAt()).toBe(quiet)
  })

  test('a stat line with brackets and spaces in the command, and IPv4, IPv6 and mapped addresses', () => {
    expect(parseStat('42 (a) b (c) S 7 8 9 0 -1 1 0 0 0 0 30 12 0 0 20 0 1 0 555 0')).toMatchObject({
      pid: 42,
      command: 'a) b (c',
      state: 'S',
      parent: 7,
      group: 8,
      session: 9,
      cpuTicks: 42,
      startTicks: 555,
    })
    const rows = [
      '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
      '   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 11 1',
      '   1: 0100007F:1F91 0100007F:1F90 01 00000000:00000000 00:00000000 00000000  1000        0 12 1',
      '   2: 00000000000000000000000001000000:0BB8 00000000000000000000000000000000:0000 0A 0:0 00:0 0 0 0 13 1',
      '   3: 00000000000000000000000000000000:0BB9 00000000000000000000000000000000:0000 0A 0:0 00:0 0 0 0 14 1',
      '   4: 0000000000000000FFFF00000100007F:0BBA 00000000000000000000000000000000:0000 0A 0:0 00:0 0 0 0 15 1',
    ]
    expect(parseListening(rows.join('\n'))).toEqual([
      { port: 8080, address: '127.0.0.1', inode: 11 },
      { port: 3000, address: '::1', inode: 13 },
      { port: 3001, address: '::', inode: 14 },
      { port: 3002, address: '127.0.0.1', inode: 15 },
    ])
  })
})

describe('run', () => {
  test('it runs the default in a terminal of its own, and says how it ended', async () => {
    expect(await client.request('run.get', {})).toEqual({ command: 'echo default', state: 'idle' })
    const started = await client.request('run.start', size)
    const terminal = await client.attach(started.terminal ?? '', { since: 0 })
    await terminal.shows('default')
    const ended = await client.event('run.changed', ({ state }) => state === 'exited')
    expect(ended).toEqual({ command: 'echo default', state: 'exited', exitCode: 0, terminal: started.terminal })
    const again = await client.request('run.start', size)
    expect(again.terminal).not.toBe(started.terminal)
    await client.event('terminal.closed', (data) => data.terminal === started.terminal)
  })

  test('it is ready when its port listens, a second start joins, and Stop ends the whole group', async () => {
    await client.request('run.configure', { command: `${server(0, 300)} & wait` })
    const [one, two] = await Promise.all([client.request('run.start', size), client.request('run.start', size)])
    expect(two.terminal).toBe(one.terminal)
    expect(one.state).toBe('running')
    await client.event('run.changed', ({ state }) => state === 'ready')
    const { ports } = await client.event('ports.changed', (data) =>
      data.ports.some(({ command }) => command?.includes('createServer')),
    )
    const port = ports.find(({ command }) => command?.includes('createServer'))?.port
    const stopped = await client.request('run.stop', {})
    expect(stopped.state).toBe('exited')
    expect((await client.request('ports.list', {})).ports.some((known) => known.port === port)).toBe(false)
    expect((await client.request('run.stop', {})).state).toBe('exited')
  })

  test('a start right behind a change runs what was changed', async () => {
    for (const name of ['one', 'two', 'three']) {
      const [, started] = await Promise.all([
        client.request('run.configure', { command: `echo ran-${name}` }),
        client.request('run.start', size),
      ])
      expect(started.command).toBe(`echo ran-${name}`)
      await client.event('run.changed', ({ state, terminal }) => state === 'exited' && terminal === started.terminal)
    }
  })

  test('what is configured is kept in .devex.json beside what else is there; a broken file is not overwritten', async () => {
    const file = join(fixture.workspace, '.devex.json')
    await writeFile(file, '{"theirs": [1, 2], "run": {"command": "old"}}')
    expect((await client.request('run.get', {})).command).toBe('old')
    expect(await client.request('run.configure', { command: 'new', port: 8080 })).toMatchObject({
      command: 'new',
      port: 8080,
    })
    expect(JSON.parse(await readFile(file, 'utf8'))).toEqual({ theirs: [1, 2], run: { command: 'new', port: 8080 } })
    await writeFile(file, '{"run":')
    expect((await client.request('run.get', {})).command).toBe('echo default')
    await expect(client.request('run.configure', { command: 'x' })).rejects.toThrow('conflict')
    expect(await readFile(file, 'utf8')).toBe('{"run":')
  })

  test('a project that says nothing is guessed from its files, or asked about', async () => {
    await using bare = await startFixture()
    using other = await bare.connect()
    await expect(other.request('run.start', size)).rejects.toThrow('bad_request')
    const guess = async (name: string, content: string) => {
      await writeFile(join(bare.workspace, name), content)
      return (await other.request('run.get', {})).command
    }
    expect(await guess('index.html', '')).toContain('http.server')
    expect(await guess('main.py', '')).toBe('python3 main.py')
    expect(await guess('package.json', '{"main": "x; rm -rf /"}')).toBe('python3 main.py')
    expect(await guess('package.json', '{"main": "lib/x.js"}')).toBe('node lib/x.js')
    expect(await guess('package.json', '{"scripts": {"start": "x", "dev": "y"}}')).toContain('npm run dev')
  })

  test('what the platform knows of a file comes before the guesses made here', async () => {
    const runGuesses = [
      { file: 'pnpm-lock.yaml', command: 'pnpm start' },
      { file: 'package.json', command: 'npm start', port: 3000 },
    ]
    await using known = await startFixture({ open: { run: { command: '' }, runGuesses } })
    using other = await known.connect()
    await writeFile(join(known.workspace, 'package.json'), '{"scripts": {"dev": "y"}}')
    expect(await other.request('run.get', {})).toMatchObject({ command: 'npm start', port: 3000 })
    await writeFile(join(known.workspace, 'pnpm-lock.yaml'), '')
    expect((await other.request('run.get', {})).command).toBe('pnpm start')
  })

  test('a port that only this sandbox was given is not written into the project', async () => {
    await using shared = await startFixture({ open: { port: 5678, run: { command: 'a', port: 3000 } } })
    using other = await shared.connect()
    const shown = await other.request('run.configure', { command: 'b', port: 5678 })
    expect(shown).toMatchObject({ command: 'b', port: 5678 })
    const kept = JSON.parse(await readFile(join(shared.workspace, '.devex.json'), 'utf8'))
    expect(kept).toEqual({ run: { command: 'b', port: 3000 } })
  })

  test('S5: a program sees the port that it was given, where the network is shared', async () => {
    await using shared = await startFixture({ open: { port: 5678, run: { command: 'echo "<$PORT>"', port: 3000 } } })
    using other = await shared.connect()
    const started = await other.request('run.start', size)
    expect(started.port).toBe(5678)
    const terminal = await other.attach(started.terminal ?? '', { since: 0 })
    await terminal.shows('<5678>')
    await until('its end', () => (other.events.some(({ event }) => event === 'terminal.changed') ? true : undefined))
  })
})
