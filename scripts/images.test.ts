import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ROOT } from './root.ts'

function read(pattern: string): { path: string; text: string }[] {
  const paths = globSync(pattern, { cwd: ROOT, exclude: (name) => name === 'node_modules' })
  return paths.map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }))
}

const dockerfiles = [...read('Dockerfile'), ...read('{runner-image,templates/*}/Dockerfile')]

describe('S14: nothing gets into an image that is not named', () => {
  test.each(dockerfiles)('$path: the base is an argument, pinned by its digest in CI', ({ text }) => {
    const stages = [...text.matchAll(/^FROM (\S+)(?: AS (\S+))?$/gm)]
    expect(stages.length).toBeGreaterThan(0)
    for (const [, base] of stages) expect(['${BASE_IMAGE}${BASE_DIGEST}', '${RUNNER_IMAGE}']).toContain(base)
    expect([...text.matchAll(/^FROM/gm)]).toHaveLength(stages.length)
  })

  test.each(dockerfiles)('$path: no script from the network, no package but from the lock file', ({ text }) => {
    expect(text).not.toMatch(/(curl|wget)[^\n]*\|/)
    expect(text).not.toMatch(/^ADD /m)
    for (const [, options] of text.matchAll(/npm (?:install|ci)([^\n&]*)/g)) {
      expect(options).toContain('--ignore-scripts')
      expect(text).toMatch(/COPY package\.json package-lock\.json /)
    }
  })

  test.each(dockerfiles)('$path: ends as uid 1000, with no secret in it', ({ text }) => {
    const users = [...text.matchAll(/^USER (\S+)$/gm)].map(([, user]) => user)
    // A template that changes nobody has the runner's.
    const last = users.at(-1) ?? (text.includes('${RUNNER_IMAGE}') ? '1000:1000' : 'root')
    expect(last).toBe('1000:1000')
    expect(text).not.toMatch(/(SECRET|TOKEN|PASSWORD|_KEY)\b *=/)
  })

  test('what a cluster runs has a version', () => {
    const found = read('k8s/**/*.yaml').flatMap(({ text }) => [...text.matchAll(/^\s*(?:- )?image: (\S+)$/gm)])
    // Ours get their tag from the overlay.
    const images = found.map(([, image = '']) => image).filter((image) => image !== 'devex-control-plane')
    expect(images.length).toBeGreaterThan(0)
    for (const image of images) expect(image).toMatch(/:v?\d+\.\d+/)
  })

  test('CI passes the digest of the base to every build', () => {
    const [workflow] = read('.github/workflows/images.yml')
    expect(workflow?.text).toContain('BASE_DIGEST: ${{ needs.base.outputs.digest }}')
    expect(workflow?.text).toContain('arm64')
  })
})
