import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { MAX_FRAME_PAYLOAD_BYTES, TERMINAL_RING_BYTES, TERMINAL_WINDOW_BYTES } from '#protocol/limits.ts'
import { newId } from '#protocol/ids.ts'
import { until } from '../_client.ts'
import { startFixture } from '../_fixture.ts'
import type { Fixture } from '../_fixture.ts'
import { MAX_PENDING_INPUT_BYTES } from '../limits.ts'

let fixture: Fixture
beforeAll(async () => {
  fixture = await startFixture()
})
afterAll(async () => fixture[Symbol.asyncDispose]())

describe('terminals', () => {
  test('L9: seq 1 1000000 arrives complete', async () => {
    using client = await fixture.connect()
    const terminal = await client.shell()
    terminal.type('stty -onlcr; echo BE""GIN; seq 1 1000000; echo E""ND\n')
    await terminal.shows('END\n')
    const { text } = terminal
    const numbers = text.slice(text.indexOf('BEGIN\n') + 6, text.lastIndexOf('END\n'))
    expect(numbers === Array.from({ length: 1_000_000 }, (_, i) => `${i + 1}\n`).join('')).toBe(true)
  })

  test('L8: 100 kB pasted into cat arrive identical', async () => {
    using client = await fixture.connect()
    const terminal = await client.shell()
    terminal.type('stty -echo; cat > pasted; echo do""ne\n')
    const pasted = Array.from({ length: 1000 }, (_, i) => `${String(i).padStart(4, '0')} ${'ä€😀x'.repeat(9)}\n`).join(
      '',
    )
    const bytes = Buffer.from(pasted)
    expect(bytes.length).toBeGreaterThan(95_000)
    for (let at = 0; at < bytes.length; at += 997) terminal.type(bytes.subarray(at, at + 997))
    terminal.type('\u0004')
    await terminal.shows('done')
    await until('all input to be acknowledged', () => terminal.inputApplied === terminal.inputSent || undefined)
    const { body } = await fixture.http('GET', '/files/pasted', {
      headers: { authorization: `Bearer ${await fixture.token()}` },
    })
    expect(body.equals(bytes)).toBe(true)
  })

  test('a paste that a program does not read holds up nobody, and arrives whole once it does', async () => {
    using client = await fixture.connect()
    using other = await fixture.connect()
    const busy = await client.shell()
    busy.type('stty raw -echo; mkfifo gate; echo rea""dy; : < gate; head -c 200000 | cksum; stty sane\n')
    await busy.shows('ready')
    const pasted = Buffer.alloc(200_000, 'paste ')
    for (let at = 0; at < pasted.length; at += 50_000) busy.type(pasted.subarray(at, at + 50_000))
    const seen = await other.attach(busy.id, { since: 0 })
    const free = await other.shell()
    free.type('echo fr""ee; : > gate\n')
    await free.shows('free')
    await client.request('ping', {})
    const sum = execFileSync('cksum', { input: pasted, encoding: 'utf8' }).trim()
    await seen.shows(sum)
    await until('all of it to be acknowledged', () => busy.inputApplied === busy.inputSent || undefined)
    expect(seen.text).toContain(sum)
  })

  test('who goes on sending what a program does not read is hung up on', async () => {
    using client = await fixture.connect()
    const terminal = await client.shell()
    terminal.type('stty raw -echo; echo rea""dy; sleep 1000\n')
    await terminal.shows('ready')
    const part = Buffer.alloc(MAX_FRAME_PAYLOAD_BYTES, 'x')
    for (let sent = 0; sent <= MAX_PENDING_INPUT_BYTES + part.length; sent += part.length) terminal.type(part)
    expect(await client.whenClosed()).toMatchObject({ reason: expect.stringContaining('has not read') })
    using again = await fixture.connect()
    await again.request('terminal.close', { terminal: terminal.id })
  })

  test('a terminal ends with its shell, whatever a job in the background goes on to print', async () => {
    using client = await fixture.connect()
    const terminal = await client.shell()
    terminal.type('(while sleep 0.05; do echo tick; done) & sleep 0.2; exit 7\n')
    const ended = await client.event('terminal.changed', (data) => data.terminal.exit !== undefined)
    expect(ended.terminal).toMatchObject({ id: terminal.id, exit: { code: 7 } })
    await client.request('terminal.close', { terminal: terminal.id })
  })

  test('L2: a second connection leaves shells alive and re-attaches with scrollback', async () => {
    using first = await fixture.connect()
    const terminal = await first.shell()
    terminal.type('X=kept; echo one-$X\n')
    await terminal.shows('one-kept')
    using second = await fixture.connect('viewer')
    const seen = await second.attach(terminal.id, { since: 0 })
    await seen.shows('one-kept')
    first.socket.terminate()
    using third = await fixture.connect()
    const again = await third.attach(terminal.id)
    await until('a screen', () => again.screens[0])
    expect(Buffer.from(again.screens[0]?.payload ?? []).toString()).toContain('one-kept')
    again.type('echo two-$X\n')
    await again.shows('two-kept')
    await seen.shows('two-kept')
  })

  test('L13: after a torn connection, output goes on from the last byte seen, each byte once', async () => {
    using first = await fixture.connect()
    const terminal = await first.shell()
    terminal.type(
      'stty -onlcr; for i in $(seq 1 200); do echo line-$i; done; read x; for i in $(seq 201 400); do echo line-$i; done; echo E""ND\n',
    )
    await terminal.shows('line-200\n')
    const before = terminal.bytes
    first.socket.terminate()
    using second = await fixture.connect()
    const again = await second.attach(terminal.id, { since: before.length })
    expect(again.from).toBe(before.length)
    again.type('\n')
    await again.shows('END\n')
    const all = Buffer.concat([before, again.bytes]).toString()
    const lines = all.match(/^line-\d+$/gm)
    expect(lines).toEqual(Array.from({ length: 400 }, (_, i) => `line-${i + 1}`))
    expect(again.screens).toEqual([])
  })

  test('L10: emoji arrive whole, and terminals do not mix', async () => {
    using client = await fixture.connect()
    const [a, b] = [await client.shell(), await client.shell()]
    a.type('stty -onlcr; for i in $(seq 1 5000); do printf "😀é漢"; done; echo E""ND-A\n')
    b.type('stty -onlcr; for i in $(seq 1 5000); do printf "🚀ß字"; done; echo E""ND-B\n')
    await Promise.all([a.shows('END-A\n'), b.shows('END-B\n')])
    expect(a.text).toContain(`${'😀é漢'.repeat(5000)}END-A`)
    expect(b.text).toContain(`${'🚀ß字'.repeat(5000)}END-B`)
    expect(new TextDecoder('utf-8', { fatal: true }).decode(a.bytes)).not.toContain('🚀')
  })

  test('a client that reads nothing has one window in flight, holds up nobody, and gets a screen when it returns', async () => {
    using stalled = await fixture.connect()
    using fast = await fixture.connect()
    const behind = await stalled.shell({ acknowledges: false })
    const ahead = await fast.attach(behind.id, { since: 0 })
    ahead.type('seq 1 600000; echo E""ND\n')
    await ahead.shows('END')
    expect(ahead.end).toBeGreaterThan(TERMINAL_RING_BYTES)
    expect(behind.end).toBeLessThanOrEqual(TERMINAL_WINDOW_BYTES)
    behind.acknowledges = true
    behind.acknowledge()
    const screen = await until('a screen', () => behind.screens[0])
    const text = Buffer.from(screen.payload).toString()
    expect(text).toContain('600000')
    expect(text).toContain('END')
    behind.type('echo afte""rwards\n')
    await behind.shows('afterwards')
  })

  test('the producer waits while its only client is stalled, and no byte is lost', async () => {
    using client = await fixture.connect()
    const terminal = await client.shell({ acknowledges: false })
    terminal.type('stty -onlcr; (seq 1 300000; echo E""ND) ; touch produced\n')
    await until('a full window', () => terminal.end >= TERMINAL_WINDOW_BYTES || undefined)
    const { terminals } = await client.request('terminal.list', {})
    const produced = terminals.find(({ id }) => id === terminal.id)?.end ?? 0
    expect(produced).toBeLessThan(TERMINAL_WINDOW_BYTES + 512 * 1024)
    terminal.acknowledges = true
    terminal.acknowledge()
    await terminal.shows('END\n')
    const { text } = terminal
    expect(text.includes(Array.from({ length: 300_000 }, (_, i) => `${i + 1}\n`).join(''))).toBe(true)
  })

  test('a page that nobody looks at holds up no program, and gets a screen once somebody does', async () => {
    using hidden = await fixture.connect()
    await hidden.request('terminal.draw', { isDrawing: false })
    const terminal = await hidden.shell({ acknowledges: false })
    terminal.type('seq 1 600000; echo E""ND > ended\n')
    await until('the program’s end', () => existsSync(`${fixture.workspace}/ended`) || undefined)
    expect(terminal.end).toBeLessThanOrEqual(TERMINAL_WINDOW_BYTES)
    // What it drew meanwhile it says when its timers run; that alone gets it no screen.
    terminal.acknowledges = true
    terminal.acknowledge()
    await hidden.request('ping', {})
    expect(terminal.screens).toEqual([])
    await hidden.request('terminal.draw', { isDrawing: true })
    const screen = await until('a screen', () => terminal.screens[0])
    terminal.type('echo afte""rwards\n')
    await terminal.shows('afterwards')
    // The last of it may have come after the screen.
    expect(`${Buffer.from(screen.payload).toString()}${terminal.text}`).toContain('600000\r\n')
  })

  test('all output of a program that ends while its reader is paused comes, and then that it has ended', async () => {
    using client = await fixture.connect()
    using watcher = await fixture.connect('viewer')
    const terminal = await client.shell({ acknowledges: false })
    // Just past one window, so that the rest sits in the kernel and in the ring while nobody reads.
    terminal.type(
      `exec bash -c 'stty -onlcr; head -c ${TERMINAL_WINDOW_BYTES + 3892} /dev/zero | tr "\\0" z; exit 7'\n`,
    )
    await until('a full window', () => terminal.end >= TERMINAL_WINDOW_BYTES || undefined)
    // The process ends though its reader is paused: the kernel holds the rest.
    const ended = await watcher.event(
      'terminal.changed',
      (data) => data.terminal.id === terminal.id && data.terminal.exit !== undefined,
    )
    expect(ended.terminal.exit).toEqual({ code: 7, signal: null })
    expect(client.events.some(({ event }) => event === 'terminal.changed')).toBe(false)
    terminal.acknowledges = true
    terminal.acknowledge()
    await client.event('terminal.changed', (data) => data.terminal.exit !== undefined)
    expect(terminal.text.match(/z{10,}/)?.[0].length).toBe(TERMINAL_WINDOW_BYTES + 3892)
    expect(terminal.end).toBe(ended.terminal.end)
  })

  test('input frames sent twice are applied once, also over a new connection', async () => {
    const stream = newId()
    using first = await fixture.connect()
    const terminal = await first.shell()
    terminal.type('stty -echo; echo rea""dy; cat\n')
    await terminal.shows('ready')
    terminal.send({ kind: 'input', offset: terminal.inputSent, payload: Buffer.from('abc') })
    terminal.send({ kind: 'input', offset: terminal.inputSent + 1, payload: Buffer.from('bcdef\n') })
    await terminal.shows('abcdef')
    const named = await first.attach(terminal.id, { since: terminal.end, client: stream })
    named.type('ghi\n')
    await named.shows('ghi')
    const resumed = await first.attach(terminal.id, { since: named.end, client: stream })
    expect(resumed.inputSent).toBe(4)
    resumed.send({ kind: 'input', offset: 0, payload: Buffer.from('ghi\njkl\n') })
    await resumed.shows('jkl')
    expect(resumed.text).not.toContain('ghi')
  })

  test('input with a gap closes the connection and says why', async () => {
    using client = await fixture.connect()
    const terminal = await client.shell()
    terminal.send({ kind: 'input', offset: 10, payload: Buffer.from('late') })
    expect(await client.whenClosed()).toEqual({ code: 4400, reason: 'Input from byte 0 to 10 is missing.' })
  })

  test('a program’s question is answered by the page in use, and by nobody else', async () => {
    using one = await fixture.connect()
    using other = await fixture.connect()
    const asked = await one.shell()
    const beside = await other.attach(asked.id, { since: 0 })
    asked.type('stty raw -echo; echo rea""dy; cat -v\n')
    await Promise.all([asked.shows('ready'), beside.shows('ready')])
    beside.type('\u001b[2;2R')
    asked.type('\u001b[1;1R')
    await beside.shows('^[[1;1R')
    beside.type('mine')
    beside.type('\u001b[3;3R')
    await beside.shows('mine^[[3;3R')
    asked.type('\u001b[4;4R')
    await one.request('ping', {})
    await other.request('terminal.draw', { isDrawing: false })
    asked.type('\u001b[5;5R')
    await beside.shows('^[[5;5R')
    await one.request('terminal.detach', { channel: asked.channel })
    beside.type('\u001b[6;6R')
    await beside.shows('^[[6;6R')
    expect(beside.text).not.toMatch(/2;2|4;4/)
    await until('all input to be confirmed', () => beside.inputApplied === beside.inputSent || undefined)
  })

  test('resizing and renaming are told to everybody and reach the program', async () => {
    using client = await fixture.connect()
    using other = await fixture.connect('viewer')
    const terminal = await client.shell()
    await client.request('terminal.resize', { terminal: terminal.id, cols: 132, rows: 43 })
    terminal.type('stty size\n')
    await terminal.shows('43 132')
    await client.request('terminal.rename', { terminal: terminal.id, name: 'Grüße <b>' })
    const changed = await other.event('terminal.changed', (data) => data.terminal.name === 'Grüße <b>')
    expect([changed.terminal.cols, changed.terminal.rows]).toEqual([132, 43])
  })

  test('L10: closing ends the whole session, also what ignores SIGHUP; L15: closing twice is harmless', async () => {
    using client = await fixture.connect()
    const terminal = await client.shell()
    terminal.type("(trap '' HUP; while :; do sleep 1; done) & (trap '' HUP TERM; exec sleep 1000) & echo pid=$!=\n")
    await terminal.shows('pid=')
    const pid = Number(await until('a process id', () => /pid=(\d+)=/.exec(terminal.text)?.[1]))
    const closing = [1, 2].map(async () => client.request('terminal.close', { terminal: terminal.id }))
    await Promise.all(closing)
    await client.event('terminal.closed', (data) => data.terminal === terminal.id)
    expect(isRunning(pid)).toBe(false)
    await expect(client.request('terminal.close', { terminal: terminal.id })).rejects.toThrow('not_found')
    await client.request('ping', {})
  })

  test('a terminal in which something runs stays where it is closed only if idle, and says what it is', async () => {
    using client = await fixture.connect()
    const terminal = await client.shell()
    const close = () => client.request('terminal.close', { terminal: terminal.id, ifIdle: true })
    terminal.type(`sleep 1001 & echo beg""un; sh -c 'sleep 1002; true'\n`)
    await terminal.shows('begun')
    await expect.poll(async () => (await close()).busyWith).toEqual(['sleep 1001', 'sh -c sleep 1002; true'])
    terminal.type('\u0003')
    terminal.type('kill %1; wait; echo do""ne\n')
    await terminal.shows('done')
    expect(await close()).toEqual({})
    await client.event('terminal.closed', (data) => data.terminal === terminal.id)
  })

  test('a shell is started anew in its place: name, folder, history and who watches stay, what ran is gone', async () => {
    using client = await fixture.connect()
    using other = await fixture.connect()
    const terminal = await client.shell()
    const seen = await other.attach(terminal.id, { since: 0 })
    await client.request('terminal.rename', { terminal: terminal.id, name: 'tests' })
    terminal.type('mkdir -p anew; cd anew; NAME=old; sleep 1003 & echo pid=$!=\n')
    const pid = Number(await until('a process id', () => /pid=(\d+)=/.exec(terminal.text)?.[1]))
    const restart = (ifIdle: boolean) => client.request('terminal.restart', { terminal: terminal.id, ifIdle })
    await expect.poll(async () => (await restart(true)).busyWith).toEqual(['sleep 1003'])
    expect(isRunning(pid)).toBe(true)
    await Promise.all([restart(false), restart(false)])
    expect(isRunning(pid)).toBe(false)
    terminal.type('echo "[$NAME]" fr""esh in ${PWD##*/}\n')
    await terminal.shows('[] fresh in anew')
    await seen.shows('[] fresh in anew')
    expect(seen.text).toContain(`pid=${pid}=`)
    const { terminals } = await client.request('terminal.list', {})
    expect(terminals.filter(({ id }) => id === terminal.id)).toMatchObject([{ name: 'tests', cwd: 'anew' }])
    expect(terminals.find(({ id }) => id === terminal.id)?.exit).toBeUndefined()

    terminal.type('exit 3\n')
    await client.event('terminal.changed', (data) => data.terminal.exit?.code === 3)
    expect(await restart(true)).toEqual({})
    terminal.type('echo ag""ain in ${PWD##*/}\n')
    await terminal.shows('again in anew')
  })

  test('closed while it is started anew, nothing of it stays', async () => {
    using client = await fixture.connect()
    const { id } = await client.shell()
    const restarted = client.request('terminal.restart', { terminal: id })
    await Promise.allSettled([restarted, client.request('terminal.close', { terminal: id })])
    const { processes } = await client.request('processes.list', {})
    expect(processes.filter(({ terminal }) => terminal === id || terminal === undefined)).toEqual([])
    await expect(client.request('terminal.restart', { terminal: id })).rejects.toThrow('not_found')
  })

  test('what is not a shell is not started anew', async () => {
    using client = await fixture.connect()
    await client.request('run.configure', { command: 'sleep 1004' })
    const { terminal = '' } = await client.request('run.start', { cols: 80, rows: 24 })
    await expect(client.request('terminal.restart', { terminal })).rejects.toThrow('bad_request')
    await client.request('run.stop', {})
  })

  test('where a shell is, is told to viewers too; nothing of folders outside the workspace or that are gone', async () => {
    using client = await fixture.connect()
    using viewer = await fixture.connect('viewer')
    const terminal = await client.shell()
    const where = () => viewer.request('terminal.where', { terminal: terminal.id })
    expect(await where()).toEqual({ cwd: '' })
    terminal.type('mkdir -p "so me/where"; cd "so me/where"; echo mo""ved\n')
    await terminal.shows('moved')
    expect(await where()).toEqual({ cwd: 'so me/where' })
    terminal.type('rmdir "$PWD"; echo go""ne\n')
    await terminal.shows('gone')
    expect(await where()).toEqual({ cwd: null })
    terminal.type('cd /; echo ou""tside\n')
    await terminal.shows('outside')
    expect(await where()).toEqual({ cwd: null })
    terminal.type('exit\n')
    await client.event('terminal.changed', (data) => data.terminal.exit !== undefined)
    expect(await where()).toEqual({ cwd: '' })
  })

  test('paths in its output are those of files that are there, from where the shell is, began, or the top', async () => {
    using client = await fixture.connect()
    using viewer = await fixture.connect('viewer')
    await client.request('files.write', { path: 'top.txt', content: '', ifMatch: null })
    const terminal = await client.shell()
    terminal.type('mkdir -p below/more; : > below/one.txt; : > below/more/two.txt; ln -s /etc/passwd out; cd below\n')
    terminal.type('echo ma""de $PWD=\n')
    await terminal.shows('made')
    const top = await until('the folder', () => /made (\S+)\/below=/.exec(terminal.text)?.[1])
    const written = ['one.txt', './more/two.txt', 'top.txt', `${top}/below/one.txt`, 'b/more/two.txt', 'more', '../out']
    const files = async (paths: string[]) =>
      (await viewer.request('terminal.files', { terminal: terminal.id, written: paths })).files
    const one = 'below/one.txt'
    const two = 'below/more/two.txt'
    expect(await files(written)).toEqual([one, two, 'top.txt', one, two, null, null])
    expect(await files(['/etc/passwd', '../../etc/passwd', 'no.txt', 'top.txt/x', '/'])).toEqual(Array(5).fill(null))
    await expect(files(Array(9).fill('one.txt'))).rejects.toThrow('bad_request')
  })

  test('a late joiner gets the alternate screen and modes that were set long before the ring', async () => {
    using client = await fixture.connect()
    const terminal = await client.shell()
    terminal.type('printf "\\033[?1049h\\033[?2004h"; seq 1 500000; echo E""ND\n')
    await terminal.shows('END')
    expect(terminal.end).toBeGreaterThan(TERMINAL_RING_BYTES)
    using late = await fixture.connect('viewer')
    const joined = await late.attach(terminal.id)
    const screen = Buffer.from((await until('a screen', () => joined.screens[0])).payload).toString()
    expect(screen).toContain('\u001b[?1049h')
    expect(screen).toContain('\u001b[?2004h')
    expect(screen).toContain('END')
  })

  test('a full-screen program draws anew for who joins after its first screen has left the ring', async () => {
    using client = await fixture.connect()
    const terminal = await client.shell()
    terminal.type(
      `exec bash -c 'trap "echo dr""awn \\$(stty size)" WINCH; printf "\\033[?1049h"; seq 1 500000; echo E""ND; while :; do sleep 60 & wait; done'\n`,
    )
    await terminal.shows('END')
    using late = await fixture.connect('viewer')
    const joined = await late.attach(terminal.id)
    await until('a screen', () => joined.screens[0])
    await joined.shows('drawn 23 80')
    await joined.shows('drawn 24 80')
    expect(client.events.filter(({ event }) => event === 'terminal.changed')).toEqual([])
  })

  test('S5: env shows no secret, no other sandbox, and nothing of the runner; PATH is kept by the login shell', async () => {
    process.env['DEVEX_TEST_SECRET'] = 'do-not-show'
    using client = await fixture.connect()
    const terminal = await client.shell()
    terminal.type('env > env.txt; shopt -q login_shell && echo yes-it""-is\n')
    await terminal.shows('yes-it-is')
    const { content } = await readText(client, 'env.txt')
    const names = content.split('\n').flatMap((line) => /^(\w+)=/.exec(line)?.[1] ?? [])
    expect(names.sort()).toEqual(
      'COLORTERM DEVEX_PATH HOME LANG LOGNAME OLDPWD PATH PWD REPL_ID REPL_NAME SHELL SHLVL TERM USER _ npm_config_prefix'
        .split(' ')
        .filter((name) => name !== 'OLDPWD' || names.includes(name))
        .sort(),
    )
    expect(content).not.toContain('do-not-show')
    expect(content).not.toContain('PUBLIC KEY')
    expect(content).toContain(`PATH=${fixture.home}/.local/bin:`)
    delete process.env['DEVEX_TEST_SECRET']
  })

  test('a shell holds no descriptor of another terminal or of the runner', async () => {
    using client = await fixture.connect()
    await client.shell()
    const terminal = await client.shell()
    terminal.type('echo count=$(ls -l /proc/self/fd | grep -cE "ptmx|socket|eventpoll")=\n')
    await until('a count', () => /count=\d+=/.exec(terminal.text)?.[0])
    expect(terminal.text).toContain('count=0=')
  })

  test('two pages that find no terminal at a time get one', async () => {
    await using empty = await startFixture()
    using one = await empty.connect()
    using other = await empty.connect()
    const asked = { cols: 80, rows: 24, ifNone: true }
    const [first, second] = await Promise.all([one, other].map(async (page) => page.request('terminal.create', asked)))
    expect(second?.terminal.id).toBe(first?.terminal.id)
    const { terminal } = await one.request('terminal.create', { cols: 80, rows: 24 })
    expect(terminal.id).not.toBe(first?.terminal.id)
  })

  test('a folder that is not in the workspace is no place for a terminal', async () => {
    using client = await fixture.connect()
    const create = client.request('terminal.create', { cols: 80, rows: 24, cwd: 'nowhere' })
    await expect(create).rejects.toThrow('not_found')
  })
})

/** A process that has ended may stay as a zombie until its adoptive parent notices. */
function isRunning(pid: number): boolean {
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'))
  } catch {
    return false
  }
}

async function readText(client: Awaited<ReturnType<Fixture['connect']>>, path: string) {
  const read = await client.request('files.read', { path })
  if (read.kind !== 'text') throw new Error(`${path} is ${read.kind}`)
  return read
}
