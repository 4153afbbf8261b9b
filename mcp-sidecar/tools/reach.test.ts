import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startSandbox } from './_sandbox.ts'
import type { TestAgent, TestSandbox } from './_sandbox.ts'

const SECRET = 'ghp_of_the_owner'

describe('outside of the workspace, where the keys of the owner lie', () => {
  let sandbox: TestSandbox
  let temporary: string
  let [reader, writer, runner]: TestAgent[] = []
  /** Names of one file in HOME. */
  let names: [string, string, string]

  beforeAll(async () => {
    sandbox = await startSandbox()
    const { home, workspace } = sandbox
    await mkdir(join(home, '.config'))
    await writeFile(join(home, '.config/hosts.yml'), SECRET)
    await symlink(home, join(workspace, 'way-out'))
    await symlink(join(home, '.config/hosts.yml'), join(workspace, 'link.yml'))
    await writeFile(join(workspace, 'inside.txt'), 'of the project')
    names = [join(home, '.config/hosts.yml'), '../home/.config/hosts.yml', `${workspace}/../home/.config/hosts.yml`]
    temporary = await mkdtemp(join(await realpath(tmpdir()), 'devex-reach-'))
    await writeFile(join(temporary, 'x.txt'), 'temporary')
    reader = await sandbox.connect({ scopes: ['repl:read'] })
    writer = await sandbox.connect({ scopes: ['repl:read', 'repl:write'] })
    runner = await sandbox.connect({ scopes: ['repl:read', 'repl:exec'] })
  })
  afterAll(async () => {
    for (const agent of [reader, writer, runner]) await agent?.[Symbol.asyncDispose]()
    await sandbox[Symbol.asyncDispose]()
    await rm(temporary, { recursive: true, force: true })
  })

  const given = (agent: TestAgent | undefined) => agent ?? expect.fail('it did not connect')
  const refusedTo = async (agent: TestAgent | undefined, tool: string, args: Record<string, unknown>) => {
    const { isError, text } = await given(agent).call(tool, args)
    expect([isError, text]).toEqual([true, expect.stringMatching(/(lies outside|leads out) of the workspace/)])
    expect(text).not.toContain(SECRET)
    return text
  }
  const calls = (path: string): [string, Record<string, unknown>][] => [
    ['read_file', { path }],
    ['read_file', { path, link: true }],
    ['grep', { pattern: 'ghp', path }],
    ['grep', { pattern: 'ghp', path: join(path, '..') }],
    ['glob', { pattern: '**', path: join(path, '..') }],
    ['list_dir', { path: join(path, '..') }],
  ]

  it('an agent that may only read reads nothing, by whatever tool and name, and is told what it takes', async () => {
    for (const name of [...names, join(temporary, 'x.txt')])
      for (const [tool, args] of calls(name)) expect(await refusedTo(reader, tool, args)).toContain('repl:exec')
    expect((await given(reader).call('read_file', { path: 'inside.txt' })).text).toContain('of the project')
    const whole = await given(reader).call('read_file', { path: join(sandbox.workspace, 'inside.txt') })
    expect(whole.text).toContain('of the project')
  })

  it('no symbolic link leads there either', async () => {
    await refusedTo(reader, 'read_file', { path: 'link.yml' })
    await refusedTo(reader, 'read_file', { path: 'way-out/.config/hosts.yml' })
    await refusedTo(reader, 'list_dir', { path: 'way-out' })
    await refusedTo(reader, 'glob', { pattern: '**', path: 'way-out/.config' })
    await refusedTo(reader, 'grep', { pattern: 'ghp', path: 'way-out' })
    await refusedTo(reader, 'grep', { pattern: 'ghp', path: 'link.yml' })
    const searched = await given(reader).call('grep', { pattern: 'ghp' })
    expect([searched.isError, searched.text]).toEqual([false, expect.stringContaining('[0 matches')])
  })

  const uriOf = (path: string) => `file:///workspace/${encodeURIComponent(path)}`
  const completed = async (agent: TestAgent | undefined, value: string) => {
    const ref = { type: 'ref/resource', uri: 'file:///workspace/{+path}' } as const
    return (await given(agent).client.complete({ ref, argument: { name: 'path', value } })).completion.values
  }

  it('resources and completion show nothing of it to an agent that may only read', async () => {
    for (const name of [...names, 'link.yml', join(temporary, 'x.txt')])
      await expect(given(reader).client.readResource({ uri: uriOf(name) })).rejects.toThrow(/not found/i)
    expect(await completed(reader, `${sandbox.home}/`)).toEqual([])
    expect(await completed(reader, 'way-out/')).toEqual([])
    expect(await completed(reader, 'in')).toEqual(['inside.txt'])
  })

  it('an agent that may run commands reads what they read', async () => {
    const [path] = names
    for (const name of names) expect((await given(runner).call('read_file', { path: name })).text).toContain(SECRET)
    expect((await given(runner).call('grep', { pattern: 'ghp', path: sandbox.home })).text).toContain(SECRET)
    expect((await given(runner).call('list_dir', { path: sandbox.home })).text).toContain('hosts.yml')
    expect((await given(runner).call('glob', { pattern: '*.yml', path: sandbox.home })).text).toContain('hosts.yml')
    const { contents } = await given(runner).client.readResource({ uri: uriOf(path) })
    expect(contents).toMatchObject([{ text: SECRET }])
    expect(await completed(runner, `${sandbox.home}/`)).toContain(`${sandbox.home}/.config/`)
  })

  it('an agent that may write, but run nothing, reads where it may write', async () => {
    const path = join(temporary, 'x.txt')
    expect((await given(writer).call('read_file', { path })).text).toContain('temporary')
    const edited = await given(writer).call('edit_file', { path, old_string: 'temporary', new_string: 'changed' })
    expect(edited.isError).toBe(false)
    for (const tool of ['read_file', 'grep']) await refusedTo(writer, tool, { path: '/etc/passwd', ...(tool === 'grep' && { pattern: 'root' }) }) // prettier-ignore
    await refusedTo(writer, 'edit_file', { path: '/etc/passwd', old_string: 'root:x', new_string: 'y' })
    const patch = '*** Begin Patch\n*** Update File: /etc/passwd\n@@\n-root\n+y\n*** End Patch'
    await refusedTo(writer, 'apply_patch', { patch, dry_run: true })
  })
})

describe('what Git runs', () => {
  it('is not chosen by an agent that may run nothing: neither written, nor run where somebody else wrote it', async () => {
    await using sandbox = await startSandbox()
    await using writer = await sandbox.connect({ scopes: ['repl:read', 'repl:write'] })
    await using runner = await sandbox.connect({ scopes: ['repl:read', 'repl:write', 'repl:exec'] })
    await runner.call('exec', { command: 'git init -q -b main && echo "* filter=evil diff=evil" > .gitattributes && echo a > a.txt && git add . && git -c user.name=a -c user.email=a@b commit -qm one && mkdir other' }) // prettier-ignore
    const path = '.git/config'
    const refused: [string, Record<string, unknown>][] = [
      ['write_file', { path, content: '' }],
      ['write_file', { path: `${sandbox.workspace}/other/../.git/hooks/pre-commit`, content: '', executable: true }],
      ['write_file', { path, link: true }],
      ['edit_file', { path, old_string: '[core]', new_string: '[core]\nfsmonitor = x' }],
      ['apply_patch', { patch: '*** Begin Patch\n*** Add File: other/.git\n+gitdir: ../evil\n*** End Patch' }],
      ['move_path', { from: 'other', to: 'new/.git' }],
      ['move_path', { from: path, to: 'config' }],
      ['delete_path', { path: '.git', recursive: true }],
    ]
    for (const [tool, args] of refused) {
      const { isError, text } = await writer.call(tool, args)
      expect([tool, isError, text]).toEqual([tool, true, expect.stringContaining('Git')])
      expect(text).toContain('repl:exec')
    }
    const evil = (name: string) => `git config ${name} "touch '${sandbox.workspace}/ran'; cat"`
    const names = ['core.fsmonitor', 'filter.evil.clean', 'filter.evil.process', 'diff.evil.textconv', 'diff.external']
    await runner.call('exec', { command: `${names.map(evil).join(' && ')}; echo b > a.txt` })
    const { record } = await writer.call('repl_info')
    expect(record).toMatchObject({ git: { branch: 'main', dirty: true, ahead: 0 } })
    const said = async (uri: string) => JSON.stringify((await writer.client.readResource({ uri })).contents)
    expect(await said('repl://git/status')).toContain('modified:   a.txt')
    expect(await said('repl://git/diff')).toContain('+b')
    expect((await writer.call('list_dir', { path: '.' })).text).not.toContain('"ran"')
    await runner.call('exec', { command: 'git status' })
    expect((await writer.call('list_dir', { path: '.' })).text).toContain('"ran"')
  })
})
