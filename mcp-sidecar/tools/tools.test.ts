import { chmod, mkdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { toolDefinitions } from '#protocol/tools/tools.ts'
import { longestWait } from './exec.ts'
import { startSandbox } from './_sandbox.ts'
import type { TestAgent, TestSandbox } from './_sandbox.ts'

const HANDLE = /process_id (p_[a-z0-9]{16})/

describe('the tools, in a real sandbox', () => {
  let sandbox: TestSandbox
  let agent: TestAgent

  beforeAll(async () => {
    sandbox = await startSandbox()
    agent = await sandbox.connect()
  })
  afterAll(async () => {
    await agent[Symbol.asyncDispose]()
    await sandbox[Symbol.asyncDispose]()
  })

  const put = (name: string, content: string | Uint8Array) => writeFile(join(sandbox.workspace, name), content)
  const read = (name: string) => readFile(join(sandbox.workspace, name), 'utf8')
  const start = async (command: string, more: Record<string, unknown> = {}) => {
    const { text } = await agent.call('exec', { command, yield_ms: 0, ...more })
    return HANDLE.exec(text)?.[1] ?? expect.fail(text)
  }

  it('are listed with all that a client wants to know, and in one order', async () => {
    const { tools } = await agent.client.listTools()
    expect(tools.map(({ name }) => name)).toEqual(toolDefinitions.map(({ name }) => name))
  })

  describe('exec', () => {
    it('runs a command in the workspace and says how it ended', async () => {
      const { text, isError, result } = await agent.call('exec', { command: 'pwd; echo oops >&2; exit 3' })
      expect(text).toMatch(new RegExp(`${sandbox.workspace}\noops\n\\[exit 3 · \\d+\\.\\d s\\]$`))
      expect(isError).toBe(false)
      expect(result._meta?.['devex/result']).toMatchObject({ exit_code: 3, status: 'exited' })
    })

    it.each(['echo a > /dev/stdout; echo b > /dev/stderr', `: ${'x'.repeat(5000)}; echo a | tee /dev/stderr`])(
      'lets a command open its output again, as scripts do',
      async (command) => {
        const { text } = await agent.call('exec', { command })
        expect(text).toMatch(/^[ab]\n[ab]\n\[exit 0/)
      },
    )

    it('takes variables, input and a folder', async () => {
      await mkdir(join(sandbox.workspace, 'sub'), { recursive: true })
      const { text } = await agent.call('exec', {
        command: 'echo "$A $(cat) $(basename "$PWD")"',
        env_json: '{"A":"x"}',
        stdin: 'in',
        cwd: 'sub',
      })
      expect(text).toContain('x in sub\n')
    })

    it('is typed into without a loss: what it said before is shown with the answer, or kept to be read', async () => {
      const process_id = await start('read go; echo question; read line; sleep 100', { tty: true })
      await sandbox.runner.processes.writeStdin({ id: process_id.slice('p_'.length), input: Buffer.from('go\r') })
      await agent.call('wait_for', { process_id, pattern: 'question', wait_ms: 5000 })
      const typed = await agent.call('process_input', { process_id, text: 'hello', wait_ms: 5000 })
      expect(typed.text).toMatch(/question[\s\S]*hello/)
      expect((await agent.call('process_output', { process_id, wait_ms: 0 })).text).not.toContain('question')
      await using other = await sandbox.connect({ connection: 'other' })
      const aside = await other.call('process_input', { process_id, text: 'and more', wait_ms: 5000 })
      expect(aside.text).toContain('and more')
      expect(aside.text).not.toContain('question')
      expect((await other.call('process_output', { process_id })).text).toMatch(/question[\s\S]*hello[\s\S]*and more/)
      await agent.call('process_signal', { process_id, signal: 'KILL' })
    })

    it('gives a process that goes on a handle, by which it is found, read, typed into and ended', async () => {
      const { text } = await agent.call('exec', {
        command: 'echo ready; read line; echo "got $line"; sleep 100',
        tty: true,
        yield_ms: 500,
      })
      const process_id = HANDLE.exec(text)?.[1]
      expect(text).toContain('ready')
      const typed = await agent.call('process_input', { process_id, text: 'hello', wait_ms: 5000 })
      expect(typed.text).toContain('hello')
      const waited = await agent.call('wait_for', { process_id, pattern: 'got hello', wait_ms: 5000 })
      expect(waited.record).toMatchObject({ ready: true, evidence: 'got hello' })
      const listed = await agent.call('process_list')
      expect(listed.record).toMatchObject({
        processes: expect.arrayContaining([
          expect.objectContaining({ process_id, status: 'running', origin: 'agent' }),
        ]),
      })
      const beyond = await agent.call('process_output', { process_id, cursor: 5000 })
      expect([beyond.isError, beyond.text]).toEqual([true, expect.stringContaining('there is no cursor 5000')])
      expect((await agent.call('wait_for', { process_id, wait_ms: 50 })).record).toMatchObject({
        ready: false,
        evidence: expect.stringContaining('it still runs'),
      })
      await agent.call('process_signal', { process_id, signal: 'KILL' })
      expect((await agent.call('wait_for', { process_id, wait_ms: 5000 })).record).toMatchObject({
        ready: true,
        evidence: 'ended by SIGKILL; the last line: got hello',
      })
      const ended = await agent.call('process_output', { process_id, wait_ms: 5000 })
      expect(ended.text).toContain('[ended by SIGKILL')
      expect((await agent.call('process_signal', { process_id, signal: 'KILL' })).record).toMatchObject({
        status: 'exited',
      })
    })

    it('cuts long output in the middle, and says how to get the rest', async () => {
      const { text } = await agent.call('exec', { command: 'for i in $(seq 1 12000); do echo "line $i"; done' })
      expect(text.length).toBeLessThan(31_000)
      expect(text).toContain('line 1\n')
      expect(text).toContain('line 12000\n')
      const [atCut, atEnd] = [...text.matchAll(/process_id (p_\w+) and cursor (\d+)/g)].map(([, ...found]) => found)
      expect(atEnd).toEqual(atCut)
      expect(text.split('\n').at(-2)).toContain('characters left out; process_output')
      const [process_id, cursor] = atEnd ?? []
      const rest = await agent.call('process_output', { process_id, cursor: Number(cursor) })
      const lastOfHead = [...(text.split('[…')[0] ?? '').matchAll(/line (\d+)\n/g)].at(-2)?.[1]
      expect(rest.text).toContain(`line ${Number(lastOfHead) + 2}\n`)
    })

    it('takes control sequences out', async () => {
      const { text } = await agent.call('exec', { command: String.raw`printf '\033[31mred\033[0m\n'` })
      expect(text).toMatch(/^red\n/)
    })

    it('ends the command when its time is up', async () => {
      const { text } = await agent.call('exec', { command: 'sleep 100', timeout_ms: 200 })
      expect(text).toContain('[ended because its time was up')
    })

    it('ends the command when the caller hangs up', async () => {
      const abort = new AbortController()
      const call = agent.client.callTool(
        { name: 'exec', arguments: { command: 'touch begun; sleep 1234', yield_ms: 40_000 } },
        { signal: abort.signal },
      )
      await expect
        .poll(
          () =>
            stat(join(sandbox.workspace, 'begun')).then(
              () => true,
              () => false,
            ),
          { timeout: 10_000 },
        )
        .toBe(true)
      abort.abort()
      await expect(call).rejects.toThrow(/abort/i)
      const running = async () => {
        const all = await sandbox.runner.processes.list()
        return all.some((each) => each.command.includes('sleep 1234') && each.exit === undefined)
      }
      await expect.poll(running, { timeout: 10_000 }).toBe(false)
    })

    it('ends the command when the caller hangs up while it is being started', async () => {
      const abort = new AbortController()
      const calls = Array.from({ length: 8 }, () =>
        agent.client
          .callTool({ name: 'exec', arguments: { command: 'sleep 1235', yield_ms: 40_000 } }, { signal: abort.signal })
          .catch(() => undefined),
      )
      const running = async () => {
        const all = await sandbox.runner.processes.list()
        return all.filter((each) => each.command === 'sleep 1235' && each.exit === undefined).length
      }
      await expect.poll(running, { timeout: 10_000, interval: 1 }).toBeGreaterThan(0)
      abort.abort()
      await Promise.all(calls)
      await expect.poll(running, { timeout: 10_000 }).toBe(0)
    })

    it('says what it is about while it waits', async () => {
      const said: (string | undefined)[] = []
      await agent.client.callTool(
        { name: 'exec', arguments: { command: 'for i in 1 2 3; do echo "step $i"; sleep 0.7; done' } },
        { onprogress: ({ message }) => said.push(message) },
      )
      expect(said).toContain('step 3')
    })

    it('waits longer than a silent call may where its caller hears of progress', () => {
      expect([longestWait(120_000, true), longestWait(120_000, false)]).toEqual([120_000, 45_000])
    })

    it('refuses variables that are none', async () => {
      const { text, isError } = await agent.call('exec', { command: 'true', env_json: '[1]' })
      expect(isError).toBe(true)
      expect(text).toContain('{"NAME":"value"}')
    })
  })

  describe('process_output', () => {
    it('reads on where the last result ended, and the last lines', async () => {
      const process_id = await start('echo one; sleep 0.3; echo two; sleep 0.3; echo three')
      await agent.call('wait_for', { process_id, pattern: 'three', wait_ms: 5000 })
      expect((await agent.call('process_output', { process_id })).text).toContain('three')
      expect((await agent.call('process_output', { process_id })).text).not.toContain('three')
      expect((await agent.call('process_output', { process_id, tail_lines: 2 })).text).toMatch(/^two\nthree\n/)
    })

    it('says where handles are found, if it does not know one', async () => {
      const { text, isError } = await agent.call('process_output', { process_id: 'p_aaaaaaaaaaaaaaaa' })
      expect(isError).toBe(true)
      expect(text).toContain('process_list shows')
    })
  })

  describe('process_signal and process_input', () => {
    it('reach what an ended command left running', async () => {
      const command = 'sleep 300 & echo $!'
      const [, pid] = /^(\d+)\n\[exit 0/.exec((await agent.call('exec', { command })).text) ?? []
      const all = await sandbox.runner.processes.list({ includeExited: true })
      const process_id = `p_${all.find((each) => each.command === command)?.processId}`
      const { record } = await agent.call('process_signal', { process_id, signal: 'KILL' })
      expect(record).toMatchObject({ status: 'exited', exit_code: 0 })
      const isLeft = `ps -o stat= -p ${pid} | grep -c "^[^Z]"`
      await expect.poll(async () => (await agent.call('exec', { command: isLeft })).text).toMatch(/^0\n/)
    })

    it('say how a process is started that can be typed into', async () => {
      const process_id = await start('sleep 300')
      const { text, isError } = await agent.call('process_input', { process_id, text: 'hello' })
      expect(isError).toBe(true)
      expect(text).toContain('no open standard input')
      expect(text).toContain('tty: true')
      await agent.call('process_signal', { process_id, signal: 'KILL' })
    })
  })

  describe('wait_for', () => {
    it('waits for a port, and for an answer over HTTP', async () => {
      const server = `node -e 'setTimeout(() => require("http").createServer((q, s) => s.end("hi")).listen(0, "127.0.0.1", function () { console.log("port " + this.address().port) }), 300)'`
      const process_id = await start(server.replace('node ', `${process.execPath} `))
      const { record } = await agent.call('wait_for', { process_id, pattern: 'port ', wait_ms: 10_000 })
      const port = Number(/port (\d+)/.exec(JSON.stringify(record))?.[1])
      expect((await agent.call('wait_for', { port, wait_ms: 10_000 })).record).toMatchObject({ ready: true })
      expect((await agent.call('process_list')).record).toMatchObject({
        processes: expect.arrayContaining([expect.objectContaining({ process_id, ports: [port] })]),
      })
      const answered = await agent.call('wait_for', { port, http_path: '/', wait_ms: 10_000 })
      expect(answered.record).toMatchObject({ ready: true, evidence: 'HTTP/1.1 200 OK' })
      expect((await agent.call('preview_url', { port })).record).toEqual({
        url: `https://p${port}.devex.test/`,
        listening: true,
        access: 'private',
      })
      await agent.call('process_signal', { process_id, signal: 'KILL' })
    })

    it('says what is there instead, when the time is up', async () => {
      const { record } = await agent.call('wait_for', { port: 9, wait_ms: 300 })
      expect(record).toMatchObject({ ready: false, evidence: expect.stringContaining('nothing listens on 9') })
    })

    it('asks what is meant', async () => {
      expect((await agent.call('wait_for', { pattern: 'x' })).text).toContain('process_id and pattern')
    })
  })

  describe('read_file', () => {
    it('numbers lines, and says how to read on', async () => {
      await put('long.txt', Array.from({ length: 10 }, (_, at) => `line ${at + 1}\n`).join(''))
      const { text } = await agent.call('read_file', { path: 'long.txt', offset: 3, limit: 2 })
      expect(text).toMatch(/^ {5}3\tline 3\n {5}4\tline 4\n\[lines 3–4 of 10 · offset 5 reads on · etag \S+\]$/)
    })

    it('shows images', async () => {
      const png = Buffer.from(
        'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==',
        'base64',
      )
      await put('dot.png', png)
      const { result } = await agent.call('read_file', { path: 'dot.png' })
      expect(result.content).toContainEqual({ type: 'image', data: png.toString('base64'), mimeType: 'image/png' })
    })

    it('says what a binary file is, and what to do', async () => {
      await put('program', Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 1]))
      const { text, isError } = await agent.call('read_file', { path: 'program' })
      expect(isError).toBe(true)
      expect(text).toMatch(/application\/x-executable, 6 bytes.*\n.*set link/)
    })

    it('gives a link to what is too large, or wanted whole', async () => {
      await put('large', Buffer.alloc(5 * 1024 * 1024, 'x'))
      expect((await agent.call('read_file', { path: 'large' })).text).toContain('set link to download it')
      expect((await agent.call('read_file', { path: 'large', link: true })).text).toContain('ticket=GET')
    })

    it('says how to read what it leaves out of a long line', async () => {
      const command = 'printf "%05000d\\n" 0 > long.txt; cat long.txt'
      const { text } = await agent.call('exec', { command })
      expect(text).toContain('0 [… 3,000 more characters in this line: fold -w 1000 shows them]')
      expect((await agent.call('read_file', { path: 'long.txt' })).text).toContain('fold -w 1000 shows them')
    })

    it('says so of a file that is not there', async () => {
      const { text, isError } = await agent.call('read_file', { path: 'nothing' })
      expect(isError).toBe(true)
      expect(text).toContain('nothing')
    })
  })

  describe('write_file', () => {
    it('writes with folders on the way, and keeps off what was changed meanwhile', async () => {
      const made = await agent.call('write_file', { path: 'a/b/c.txt', content: 'one', executable: true })
      expect(made.record).toMatchObject({ path: 'a/b/c.txt', bytes: 3, created: true })
      expect((await stat(join(sandbox.workspace, 'a/b/c.txt'))).mode & 0o100).toBe(0o100)
      await put('a/b/c.txt', 'by a person')
      const etag = String(JSON.parse(made.text).etag)
      const refused = await agent.call('write_file', { path: 'a/b/c.txt', content: 'two', if_etag: etag })
      expect(refused.isError).toBe(true)
      expect(refused.text).toMatch(/its etag is \S+ now[\s\S]*Read it again/)
      expect(await read('a/b/c.txt')).toBe('by a person')
      expect((await agent.call('write_file', { path: 'a/b/c.txt', content: 'x', create_only: true })).isError).toBe(
        true,
      )
    })

    it('gives a link for what is too large for a call', async () => {
      const { record } = await agent.call('write_file', { path: 'big.bin', link: true })
      expect(record).toMatchObject({ upload_url: expect.stringContaining('ticket=PUT') })
      expect((await agent.call('write_file', { path: 'big.bin' })).text).toContain('either content, or link')
    })

    it.each(['../../../outside.txt', '/etc/devex-test', 'way-out/x.txt'])(
      'writes nothing outside the workspace: %s',
      async (path) => {
        await symlink('/etc', join(sandbox.workspace, 'way-out')).catch(() => undefined)
        expect((await agent.call('write_file', { path, content: 'x' })).isError).toBe(true)
      },
    )
  })

  describe('edit_file', () => {
    it('replaces a text, shows the difference, and tells those who look on', async () => {
      await put('edit.js', 'const a = 1\nconst b = 2\n')
      const { record } = await agent.call('edit_file', { path: 'edit.js', old_string: 'b = 2', new_string: 'b = 3' })
      expect(record).toMatchObject({ path: 'edit.js', replacements: 1, diff: expect.stringContaining('+const b = 3') })
      expect(await read('edit.js')).toBe('const a = 1\nconst b = 3\n')
      await expect
        .poll(() => sandbox.control.calls.find(({ tool, diff }) => tool === 'edit_file' && diff !== undefined), {
          timeout: 5000,
        })
        .toMatchObject({ ok: true, actor: 'Ada', client: 'Test agent' })
    })

    it('takes several edits of one file at once', async () => {
      const lines = Array.from({ length: 12 }, (_, at) => `line ${at}.`)
      await agent.call('write_file', { path: 'many.txt', content: lines.join('\n') })
      const edits = lines.map((line, at) =>
        agent.call('edit_file', { path: 'many.txt', old_string: line, new_string: `edited ${at}.` }),
      )
      expect((await Promise.all(edits)).filter(({ isError }) => isError)).toEqual([])
      expect(await read('many.txt')).toBe(lines.map((_, at) => `edited ${at}.`).join('\n'))
    })

    it('keeps a program a program', async () => {
      await put('run.sh', '#!/bin/sh\necho a\n')
      await chmod(join(sandbox.workspace, 'run.sh'), 0o755)
      await agent.call('edit_file', { path: 'run.sh', old_string: 'echo a', new_string: 'echo b' })
      expect((await stat(join(sandbox.workspace, 'run.sh'))).mode & 0o777).toBe(0o755)
    })

    it('asks which of several places is meant', async () => {
      await put('twice.txt', 'x\ny\nx\n')
      const { text, isError } = await agent.call('edit_file', { path: 'twice.txt', old_string: 'x', new_string: 'z' })
      expect(isError).toBe(true)
      expect(text).toMatch(/2 times: in lines 1, 3[\s\S]*replace_all/)
    })
  })

  describe('apply_patch', () => {
    it('changes several files at once', async () => {
      await put('one.txt', 'a\nb\nc\n')
      await put('two.txt', 'x\n')
      const patch =
        '*** Begin Patch\n*** Update File: one.txt\n@@\n a\n-b\n+B\n c\n*** Add File: new/three.txt\n+3\n*** Update File: two.txt\n*** Move to: deux.txt\n@@\n-x\n+X\n*** End Patch'
      const dry = await agent.call('apply_patch', { patch, dry_run: true })
      expect(dry.isError).toBe(false)
      expect(await read('one.txt')).toBe('a\nb\nc\n')
      const { record } = await agent.call('apply_patch', { patch })
      expect(record).toMatchObject({
        files: [
          { path: 'one.txt', op: 'update', added: 1, removed: 1 },
          { path: 'new/three.txt', op: 'add', added: 1, removed: 0 },
          { path: 'deux.txt', op: 'move', added: 1, removed: 1 },
        ],
      })
      expect(await read('one.txt')).toBe('a\nB\nc\n')
      expect(await read('new/three.txt')).toBe('3\n')
      expect(await read('deux.txt')).toBe('X\n')
    })

    it('deletes no symbolic link, and says what does', async () => {
      await put('target.txt', 'a\n')
      await symlink('target.txt', join(sandbox.workspace, 'link.txt'))
      const patch = '*** Begin Patch\n*** Delete File: link.txt\n*** End Patch'
      const { isError, text } = await agent.call('apply_patch', { patch })
      expect({ isError, text }).toMatchObject({ isError: true, text: expect.stringContaining('delete_path') })
      expect(await read('link.txt')).toBe('a\n')
    })

    it('changes all or nothing', async () => {
      await put('first.txt', 'a\n')
      const patch =
        '*** Begin Patch\n*** Update File: first.txt\n@@\n-a\n+b\n*** Update File: absent.txt\n@@\n-a\n+b\n*** End Patch'
      expect((await agent.call('apply_patch', { patch })).isError).toBe(true)
      expect(await read('first.txt')).toBe('a\n')
    })
  })

  it('list_dir, glob and grep find what is there, and leave out what git ignores', async () => {
    await mkdir(join(sandbox.workspace, 'find/deep'), { recursive: true })
    await put('find/a.ts', 'const needle = 1\nother\n')
    await put('find/deep/b.ts', 'needle\n')
    const listed = await agent.call('list_dir', { path: 'find' })
    expect(listed.record).toMatchObject({ truncated: false })
    expect(listed.text).toContain('find/deep/b.ts')
    const globbed = await agent.call('glob', { pattern: '*.ts', path: 'find' })
    expect(globbed.text).toContain('find/deep/b.ts')
    expect(globbed.text).toContain('[2 files]')
    const found = await agent.call('grep', { pattern: 'needle', path: 'find' })
    expect(found.text).toContain('find/a.ts:1:const needle = 1')
    expect(found.text).toContain('[2 matches')
    expect((await agent.call('grep', { pattern: 'needle', path: 'find', mode: 'count' })).text).toContain('find/a.ts:1')
    expect((await agent.call('grep', { pattern: '(', path: 'find' })).isError).toBe(true)
  })

  it('move_path and delete_path do what they are called', async () => {
    await put('from.txt', 'x')
    expect((await agent.call('move_path', { from: 'from.txt', to: 'to.txt' })).record).toMatchObject({
      to: 'to.txt',
      overwritten: false,
    })
    await mkdir(join(sandbox.workspace, 'full'), { recursive: true })
    await put('full/x', 'x')
    expect(await agent.call('delete_path', { path: 'full' })).toMatchObject({
      isError: true,
      text: expect.stringContaining('Set recursive'),
    })
    expect((await agent.call('delete_path', { path: 'full', recursive: true })).record).toMatchObject({ path: 'full' })
    expect((await agent.call('delete_path', { path: 'to.txt' })).isError).toBe(false)
  })

  it.each(['auto', 'legacy'] as const)('delete_path asks the person where the client can (%s)', async (era) => {
    await mkdir(join(sandbox.workspace, 'asked'), { recursive: true })
    await put('asked/x', 'x')
    const asked: string[] = []
    const answering = async (action: 'accept' | 'decline') => {
      await using own = await sandbox.connect({
        era,
        answer: (message) => {
          asked.push(message)
          return action
        },
      })
      return await own.call('delete_path', { path: 'asked' })
    }
    expect(await answering('decline')).toMatchObject({ isError: true, text: expect.stringContaining('did not agree') })
    expect(await read('asked/x')).toBe('x')
    expect((await answering('accept')).record).toMatchObject({ path: 'asked' })
    await expect(read('asked/x')).rejects.toThrow(/ENOENT/)
    expect(asked).toEqual(Array.from({ length: 2 }, () => expect.stringContaining('asked is a folder with 1 entries')))
  })

  it('repl_info says what this is, and no value of a variable', async () => {
    const { record } = await agent.call('repl_info')
    expect(record).toMatchObject({ name: 'a repl', workspace: sandbox.workspace, url: 'https://devex.test/r/a' })
    expect(record).toMatchObject({ env_var_names: expect.arrayContaining(['HOME']) })
  })

  it('checkpoint makes, lists and restores; stop_repl stops', async () => {
    const made = await agent.call('checkpoint', { action: 'create', name: 'before the storm' })
    expect(made.record).toMatchObject({ checkpoints: [{ name: 'before the storm' }] })
    expect((await agent.call('checkpoint', { action: 'list' })).text).toContain('before the storm')
    expect((await agent.call('checkpoint', { action: 'restore' })).text).toContain('action list')
    expect((await agent.call('checkpoint', { action: 'restore', id: 'x' })).record).toMatchObject({ restored: 'x' })
    expect((await agent.call('stop_repl')).record).toEqual({ stopping: true })
    expect(sandbox.control.stopped).toHaveLength(1)
  })

  it('take a checkpoint before the first change of a run, not before reading', async () => {
    await using reader = await sandbox.connect({ connection: 'fresh' })
    const before = sandbox.control.made.length
    await reader.call('list_dir')
    expect(sandbox.control.made).toHaveLength(before)
    await reader.call('write_file', { path: 'run.txt', content: '1' })
    await reader.call('write_file', { path: 'run.txt', content: '2' })
    expect(sandbox.control.made.slice(before)).toMatchObject([{ reason: 'before-agent' }])
    const mine = () => sandbox.control.calls.filter(({ connection }) => connection === 'fresh')
    await expect.poll(() => mine().filter(({ ok }) => ok === true).length, { timeout: 5000 }).toBe(3)
    expect(new Set(mine().map(({ run }) => run)).size).toBe(1)
  })

  it.each(['auto', 'legacy'] as const)(
    'do nothing if they are cancelled while their checkpoint is made (%s)',
    async (era) => {
      const connection = `hasty-${era}`
      await using hasty = await sandbox.connect({ connection, era })
      await put('kept.txt', 'x')
      const [asked, save] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
      sandbox.control.save = () => {
        asked.resolve()
        return save.promise
      }
      const cancel = new AbortController()
      const called = hasty.client.callTool(
        { name: 'delete_path', arguments: { path: 'kept.txt' } },
        { signal: cancel.signal },
      )
      await asked.promise
      cancel.abort()
      await expect(called).rejects.toThrow(/abort/i)
      const told = () => sandbox.control.calls.filter((each) => each.connection === connection)
      await expect
        .poll(told, { timeout: 5000 })
        .toMatchObject([{ tool: 'delete_path', ok: false, summary: expect.stringContaining('nothing was done') }])
      sandbox.control.save = async () => undefined
      save.resolve()
      expect((await hasty.call('read_file', { path: 'kept.txt' })).text).toContain('x')
    },
  )

  it('refuse arguments that are wrong, as words for a model', async () => {
    const { text, isError } = await agent.call('read_file', { file: 'x' })
    expect(isError).toBe(true)
    expect(text).toContain('The arguments of read_file are wrong')
    expect(text).toContain('It takes: path, ')
    await expect(agent.call('no_such_tool')).rejects.toThrow('no_such_tool')
  })

  it.each(['auto', 'legacy'] as const)('tell followers that a file was changed (%s)', async (era) => {
    await using follower = await sandbox.connect({ era })
    const uri = 'file:///workspace/watched.txt'
    const { promise, resolve } = Promise.withResolvers<string>()
    follower.client.setNotificationHandler('notifications/resources/updated', ({ params }) => resolve(params.uri))
    if (era === 'legacy') await follower.client.subscribeResource({ uri })
    else await follower.client.listen({ resourceSubscriptions: [uri] })
    await agent.call('write_file', { path: 'watched.txt', content: 'new' })
    expect(await promise).toBe(uri)
    const { contents } = await follower.client.readResource({ uri })
    expect(contents).toMatchObject([{ text: 'new' }])
  })

  it('come with resources, prompts and completion', async () => {
    await put('top.txt', 'x')
    const { resources } = await agent.client.listResources()
    expect(resources.map(({ uri }) => uri)).toEqual(
      expect.arrayContaining(['repl://tree', 'file:///workspace/top.txt']),
    )
    const tree = await agent.client.readResource({ uri: 'repl://tree' })
    expect(JSON.stringify(tree.contents)).toContain('top.txt')
    await expect(agent.client.readResource({ uri: 'file:///workspace/../../etc/passwd' })).rejects.toThrow('etc/passwd')
    const prompt = await agent.client.getPrompt({ name: 'review_changes' })
    expect(JSON.stringify(prompt.messages)).toContain('since HEAD')
    const completed = await agent.client.complete({
      ref: { type: 'ref/resource', uri: 'file:///workspace/{+path}' },
      argument: { name: 'path', value: 'to' },
    })
    expect(completed.completion.values).toContain('top.txt')
  })
})
