import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { MAX_IGNORE_BYTES } from './limits.ts'
import { walk } from './walk.ts'

let root: string
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'devex-walk-'))
})
afterEach(async () => rm(root, { recursive: true, force: true }))

async function put(...paths: string[]): Promise<void> {
  for (const path of paths) {
    await mkdir(dirname(join(root, path)), { recursive: true })
    await writeFile(join(root, path), '')
  }
}

const rules = async (text: string) => writeFile(join(root, '.gitignore'), text)

function files(): string[] {
  const walked = [...walk({ root, rulesFrom: root, includeIgnored: false, maxDepth: 10 })]
  return walked.flatMap(({ path, entry }) => (entry.isFile() && path !== '.gitignore' ? [path] : [])).sort()
}

describe('walking', () => {
  test('takes no longer for a rule of many stars than for another', async () => {
    const long = 'a'.repeat(150)
    await put(long, `${long}b`, `${'d/'.repeat(20)}${long}`)
    await rules('*a*a*a*a*a*a*a*a*b\n/**/*d/**/*d/**/*d/**/*d/**/*d/**/*d/**/*d/**/c*a*a*b\n')
    const before = performance.now()
    expect(files()).toEqual([long])
    expect(performance.now() - before).toBeLessThan(2000)
  })

  test('leaves out what git leaves out', async () => {
    const names = ['ab', 'axb', 'aXxb', 'a*b', 'b', 'aab', 'abab', 'a{b}', 'a[b', 'a b', 'a-b']
    await put(...names, ...names.map((name) => `in/${name}`), ...names.map((name) => `in/deep/er/${name}`))
    const patterns =
      'a*b|a*?b|*a*b*|a**b|a?b|[!a]b|[^a]*b|a[a-xX]*b|in/*b|in/**/*b|**/er/ab|in/**|**/deep/**/a*a*b|/a*b|deep/|in/*/|a\\*b|*|**|a{b}|a[b|?|in/**/er/*|**/**/b|a***b|in/deep/er/*a*b*|*\n!a*|*\n!*/\n!in/deep/er/*x*|a b  |a-b'
    execFileSync('git', ['init', '-q'], { cwd: root })
    for (const text of patterns.split('|')) {
      await rules(`${text}\n`)
      const git = execFileSync('git', ['ls-files', '-coz', '--exclude-standard'], { cwd: root, encoding: 'utf8' })
      const expected = git.split('\0').filter((path) => path !== '' && path !== '.gitignore')
      expect([text, ...files()]).toEqual([text, ...expected.sort()])
    }
  })

  test('has no rules from a pipe, a device, a link or a file without end', async () => {
    await put('kept', 'pipe/kept', 'device/kept', 'link/kept', 'large/kept')
    await writeFile(join(root, 'rules'), 'kept\n')
    execFileSync('/usr/bin/mkfifo', [join(root, 'pipe/.gitignore')])
    await symlink('/dev/zero', join(root, 'device/.gitignore'))
    await symlink('../rules', join(root, 'link/.gitignore'))
    await writeFile(join(root, 'large/.gitignore'), `kept\n${'#'.repeat(MAX_IGNORE_BYTES)}`)
    expect(files().filter((path) => path.endsWith('kept'))).toHaveLength(5)
  })
})
