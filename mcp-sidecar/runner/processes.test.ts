import { mkdir } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { collect, ranOf, startTestRunner } from './_runner.ts'
import type { TestRunner } from './_runner.ts'

let runner: TestRunner
beforeAll(async () => {
  runner = await startTestRunner()
})
afterAll(async () => runner[Symbol.asyncDispose]())

/** Starts a command and resolves with its id once it has printed `text`; it goes on. */
async function startUntil(command: string, text: string, options = {}): Promise<string> {
  let [id, seen] = ['', '']
  for await (const event of runner.api.processes.start({ command, actor: 'Claude', ...options })) {
    if (event.type === 'started') id = event.process.processId
    if (event.type === 'output') seen = seen.slice(-100) + Buffer.from(event.data).toString()
    if (seen.includes(text)) return id
  }
  throw new Error(`It ended without ${text}: ${seen}`)
}

describe("an agent's command", () => {
  test('tells its output, streams apart, and its exit status', async () => {
    const ran = await runner.run('echo out; echo err >&2; exit 7')
    expect(ran).toMatchObject({ stdout: 'out\n', stderr: 'err\n', code: 7 })
  })

  test('runs in the workspace or where it is told, with the environment it is given', async () => {
    await mkdir(join(runner.fixture.workspace, "it's a folder"))
    const ran = await runner.run('pwd; echo "$A|$PATH|$REPL_ID|$OLDPWD"', {
      cwd: "it's a folder",
      env: { A: "a 'b' $c" },
    })
    const [cwd, variables] = ran.stdout.split('\n')
    expect(cwd).toBe(join(runner.fixture.workspace, "it's a folder"))
    expect(variables).toContain("a 'b' $c|")
    expect(variables).toContain(`|${runner.fixture.repl}|`)
    expect((await runner.run('pwd', { cwd: '~' })).stdout).toBe(`${homedir()}\n`)
    await expect(runner.run('true', { cwd: 'nowhere' })).rejects.toMatchObject({ code: 'not_found' })
  })

  test('has the variables of the repl, as they are when it begins; a terminal, too', async () => {
    const set = async (variables: Record<string, string>) => {
      const { status } = await runner.fixture.http('POST', '/variables', { body: JSON.stringify({ variables }) })
      expect(status).toBe(200)
    }
    await set({ API_KEY: "it's $a \n line", HOME: '/nowhere' })
    const ran = await runner.run('printf "%s|%s" "$API_KEY" "$HOME"')
    expect(ran.stdout).toBe(`it's $a \n line|${runner.fixture.home}`)
    using client = await runner.fixture.connect()
    const terminal = await client.shell()
    terminal.type('echo "<$API_KEY>"\n')
    await terminal.shows("<it's $a ")
    await set({ API_KEY: 'another' })
    expect((await runner.run('printf %s "$API_KEY"')).stdout).toBe('another')
    await set({})
    expect((await runner.run('printf %s "[$API_KEY]"')).stdout).toBe('[]')
    expect((await runner.fixture.http('POST', '/variables', { body: '{"variables":{"A":1}}' })).status).toBe(400)
  })

  test('leaves nothing to the next: variables, folder, process group', async () => {
    const one = await runner.run('cd /; export LEAK=1; f() { :; }; echo $$ $(ps -o pgid= $$)')
    const two = await runner.run('pwd; echo "[$LEAK]"; type f; set | grep -c "^REPLY="; echo $$ $(ps -o pgid= $$)')
    const lines = two.stdout.split('\n')
    expect(lines.slice(0, 3)).toEqual([runner.fixture.workspace, '[]', '0'])
    const [pid, group] = lines[3]?.split(' ') ?? []
    expect(group).toBe(pid)
    expect(one.stdout).not.toBe(lines[3])
  })

  test('has its lines counted from one, in what bash says is wrong with it too', async () => {
    const ran = await runner.run('echo $LINENO\nmissing-program\necho $((1 +))', { stdin: Buffer.from('unread') })
    expect(ran.stdout).toBe('1\n')
    expect(ran.stderr).toMatch(/^bash: line 2: missing-program: .*\nbash: line 3: 1 \+: /)
  })

  test('has an empty standard input unless it is given one', async () => {
    expect((await runner.run('cat; echo done')).stdout).toBe('done\n')
    expect((await runner.run('tr a-z A-Z', { stdin: Buffer.from('hällo') })).stdout).toBe('HäLLO')
  })

  test('may be longer than a waiting shell reads, and may be a program with arguments', async () => {
    const long = `cat <<'END'\n${'x'.repeat(50_000)}\nEND`
    expect((await runner.run(long)).stdout.length).toBe(50_001)
    const { api } = runner
    const events = api.processes.start({ command: ['printf', '%s|', 'a b', '$HOME'], actor: 'Claude' })
    let text = ''
    for await (const event of events) if (event.type === 'output') text += Buffer.from(event.data).toString()
    expect(text).toBe('a b|$HOME|')
    await expect(runner.run('x'.repeat(200_000))).rejects.toMatchObject({ code: 'too_large' })
    await expect(runner.run('  ')).rejects.toMatchObject({ code: 'bad_request' })
  })

  test('has what the login profile sets up, as soon as it does', async () => {
    await runner.run(`echo 'export FROM_PROFILE=yes' >> ~/.bash_profile`)
    await expect.poll(async () => (await runner.run('echo $FROM_PROFILE')).stdout, { timeout: 5000 }).toBe('yes\n')
  })

  test('on a terminal has its size, and a person and an agent can type into it', async () => {
    const id = await startUntil('stty size; read line; echo "got $line"', '30 100', { pty: { cols: 100, rows: 30 } })
    await runner.api.processes.writeStdin({ id, input: Buffer.from('hello\n') })
    const { exit } = await runner.api.processes.wait(id, 5000)
    expect(exit?.code).toBe(0)
    const { output } = await runner.api.processes.readOutput({ id })
    expect(output.map(({ data }) => Buffer.from(data).toString()).join('')).toContain('got hello')
  })

  test('takes no input where it was given none or the end of it', async () => {
    for (const options of [{}, { stdin: Buffer.from('all') }]) {
      const id = await startUntil('echo ready; exec sleep 1000', 'ready', options)
      const typing = runner.api.processes.writeStdin({ id, input: Buffer.from('more\n') })
      await expect(typing).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining('is not open') })
      await runner.api.processes.cancel(id)
    }
  })

  test('goes on when its caller hangs up, and can be joined again exactly where it was left', async () => {
    const id = await startUntil('echo one; read x; echo two', 'one', { keepStdin: true })
    const { nextCursor } = await runner.api.processes.readOutput({ id })
    await runner.api.processes.writeStdin({ id, input: Buffer.from('\n'), eof: true })
    let rest = ''
    for await (const event of runner.api.processes.connect({ id, cursor: nextCursor }))
      if (event.type === 'output') rest += Buffer.from(event.data).toString()
    expect(rest).toBe('two\n')
  })

  test('never hands out half a character, and says what its log has forgotten', async () => {
    const ran = await runner.run(String.raw`printf 'a\xc3'; sleep 0.05; printf '\xa4b\n'; printf '\xff\n' >&2`)
    expect(ran.stdout).toBe('aäb\n')
    const id = await startUntil(`yes 'öäü€😀' | head -c 12000000; echo END`, 'END')
    await runner.api.processes.wait(id, 10_000)
    const { output, process } = await runner.api.processes.readOutput({ id, cursor: 0, maxBytes: 1000 })
    expect(process.logStart).toBeGreaterThan(0)
    expect(output[0]?.lost).toBe(output[0]?.cursor)
    const text = Buffer.from(output[0]?.data ?? []).toString()
    expect(text).not.toContain('\ufffd')
  })

  test('is ended by a cancel with everything that it started', async () => {
    const id = await startUntil(`trap 'echo caught' INT; sleep 1000 & echo ready; wait; wait`, 'ready')
    const started = performance.now()
    const { exit, pid } = await runner.api.processes.cancel(id)
    expect(exit).toBeDefined()
    expect(performance.now() - started).toBeLessThan(9000)
    // What was killed may take a moment to be gone, and has ended when only the machine's init has yet to hear of it.
    await expect.poll(async () => (await runner.run(`ps -o stat= -g ${pid} | grep -vc ^Z`)).stdout.trim()).toBe('0')
  }, 15_000)

  test('is cancelled when its time is up', async () => {
    const id = await startUntil('echo ready; exec sleep 1000', 'ready', { timeoutMs: 100 })
    const { exit } = await runner.api.processes.wait(id, 10_000)
    expect(exit).toMatchObject({ signal: 'SIGINT', timedOut: true })
  })

  test('that leaves a job behind has ended all the same', async () => {
    const ran = await runner.run('sleep 1000 & echo left')
    expect(ran).toMatchObject({ stdout: 'left\n', code: 0 })
    await runner.api.processes.signal({ id: ran.id, signal: 'SIGKILL' })
  })

  test('unknown or ended is said with what to do next', async () => {
    await expect(runner.api.processes.get('aaaaaaaaaaaaaaaa')).rejects.toMatchObject({ code: 'not_found' })
    const { id } = await runner.run('true')
    await expect(runner.api.processes.writeStdin({ id, input: Buffer.from('x') })).rejects.toMatchObject({
      code: 'conflict',
    })
  })

  test('forty at once all come to their own end', async () => {
    const codes = await Promise.all(Array.from({ length: 40 }, async (_, i) => (await runner.run(`exit ${i}`)).code))
    expect(codes).toEqual(Array.from({ length: 40 }, (_, i) => i))
  })
})

describe('the helper that starts commands', () => {
  test('is not shown, and the command is by its own text', async () => {
    using client = await runner.fixture.connect('editor')
    const id = await startUntil('echo ready; sleep 1000; :', 'ready')
    const shown = async (): Promise<string[]> => {
      const { processes } = await client.request('processes.list', {})
      return processes.flatMap(({ terminal, command }) => (terminal === id ? [command] : [])).toSorted()
    }
    // What a command has forked is called as its shell was until it becomes another program.
    await expect.poll(shown).toEqual(['echo ready; sleep 1000; :', 'sleep 1000'])
    const { processes } = await client.request('processes.list', {})
    const nobodys = processes.filter(({ terminal }) => terminal === undefined)
    expect(nobodys.filter(({ command }) => /exec-helper|IFS= read/.test(command))).toEqual([])
    await runner.api.processes.cancel(id)
  })

  test('may be killed: what ran is ended and told so, and the next command starts', async () => {
    const id = await startUntil(`trap '' HUP; sleep 1000 & echo ready; wait`, 'ready')
    const { pid } = await runner.api.processes.get(id)
    const helper = (await runner.run(`ps -o ppid= ${pid}`)).stdout.trim()
    await runner.run(`kill -9 ${helper}`).catch(() => undefined)
    const { exit } = await runner.api.processes.wait(id, 10_000)
    expect(exit?.signal).toBe('SIGHUP')
    // Of the killed, only what the machine's init has yet to hear of is left.
    expect((await runner.run(`ps -o stat= -g ${pid} | grep -vc ^Z`)).stdout).toBe('0\n')
    expect((await runner.run('echo again')).stdout).toBe('again\n')
  })
})

describe('a terminal of people', () => {
  test('is listed, read and followed to its end by its id, but not typed into or ended', async () => {
    using client = await runner.fixture.connect('editor')
    const { processes } = runner.api
    const { terminal } = await client.request('terminal.create', { cols: 80, rows: 24 })
    const { id } = terminal
    expect((await processes.list()).map(({ processId }) => processId)).toContain(id)
    const view = await client.attach(id, { since: 0 })
    view.type('echo he""llo\r')
    await view.shows('hello')
    const { output, nextCursor } = await processes.readOutput({ id, tailBytes: 1000 })
    expect(output.map(({ data }) => Buffer.from(data).toString()).join('')).toContain('hello')

    const refused = { code: 'forbidden', message: expect.stringContaining('can be read') }
    await expect(processes.signal({ id, signal: 'SIGKILL' })).rejects.toMatchObject(refused)
    await expect(processes.writeStdin({ id, input: Buffer.from('exit\n') })).rejects.toMatchObject(refused)

    const followed = collect(processes.connect({ id, cursor: nextCursor }))
    view.type('echo b""ye; exit 3\r')
    expect(ranOf(await followed)).toMatchObject({ all: expect.stringContaining('bye'), code: 3 })
    await client.request('terminal.close', { terminal: id })
  })
})

describe('people', () => {
  test("see an agent's command among the terminals, live, and stop it with Ctrl-C", async () => {
    using client = await runner.fixture.connect('editor')
    const opened = client.event('terminal.opened')
    const id = await startUntil('echo ready; exec sleep 1000', 'ready')
    const { terminal } = await opened
    expect(terminal).toMatchObject({ id, kind: 'agent', actor: 'Claude', command: 'echo ready; exec sleep 1000' })
    const view = await client.attach(id, { since: 0 })
    await view.shows('ready\r\n')
    view.type('\u0003')
    const { exit } = await runner.api.processes.wait(id, 5000)
    expect(exit?.signal).toBe('SIGINT')
  })

  test('close it like any terminal, which ends it', async () => {
    using client = await runner.fixture.connect('editor')
    const id = await startUntil('echo ready; sleep 1000', 'ready')
    await client.request('terminal.close', { terminal: id })
    await expect(runner.api.processes.get(id)).rejects.toMatchObject({ code: 'not_found' })
  })
})
