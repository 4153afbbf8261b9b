import { once } from 'node:events'
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Plugin } from 'esbuild'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { principalOfUser } from '#server/auth/principal.ts'
import { portOf } from '#server/gateway/_platform.ts'
import { stage } from '#server/repls/_stage.ts'
import { buildSandbox } from '../../../scripts/build-sandbox.ts'
import { SUITES, SUITE_MS, runScenario, runSuite } from '../../../mcp-sidecar/mcp/_conformance/suite.ts'

const START_MS = 60_000
/** Makes the test build of a sandbox: one that also offers what the suites call. */
const pack: Plugin = {
  name: 'conformance pack',
  setup: (build) =>
    build.onResolve({ filter: /^\.\/mcp\/door\.ts$/ }, () => ({
      path: fileURLToPath(import.meta.resolve('../../../mcp-sidecar/mcp/_conformance/door.ts')),
    })),
}
/** What needs no sandbox. */
const OPENINGS = [
  {
    revision: '2025-11-25',
    scenarios: ['server-initialize', 'ping', 'logging-set-level', 'tools-list', 'resources-list', 'prompts-list'],
  },
  { revision: '2026-07-28', scenarios: ['tools-list', 'resources-list', 'prompts-list', 'dns-rebinding-protection'] },
]
/** A name that only the pack has. */
const MARK = 'test_simple_text'

describe('the hosted endpoint, asked by the conformance suites', () => {
  const opened = new AsyncDisposableStack()
  let folder: string
  let hosted: Hosted

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'devex-conformance-'))
    opened.defer(() => rm(folder, { recursive: true, force: true }))
    await buildSandbox(join(folder, 'test'), [pack])
    hosted = opened.use(await openHosted(join(folder, 'test')))
  }, START_MS)
  afterAll(() => opened.disposeAsync())

  test.each(SUITES)(
    'passes $what',
    async (suite) => {
      const { passed, failures } = await runSuite(suite, hosted.url)
      expect(failures).toEqual([])
      expect(passed).toBeGreaterThanOrEqual(suite.least)
    },
    SUITE_MS,
  )

  describe('while the REPL sleeps', () => {
    test.each(OPENINGS)(
      'passes what clients ask first ($revision), without a start',
      async ({ revision, scenarios }) => {
        await hosted.sleep()
        for (const scenario of scenarios) {
          const { passed, failed } = await runScenario(scenario, { revision, url: hosted.url })
          expect({ scenario, failed }).toEqual({ scenario, failed: 0 })
          expect(passed).toBeGreaterThan(0)
        }
        expect(await hosted.state()).toBe('stopped')
      },
      SUITE_MS,
    )

    test.each(['tools-call-simple-text', 'http-header-validation', 'caching'])(
      'passes what begins with a REPL that sleeps and wakes it (%s)',
      async (scenario) => {
        await hosted.sleep()
        const { passed, failed } = await runScenario(scenario, { revision: '2026-07-28', url: hosted.url })
        expect(failed).toBe(0)
        expect(passed).toBeGreaterThan(0)
        expect(await hosted.state()).toBe('running')
      },
      SUITE_MS,
    )
  })

  test('what they call is in no build of the product', async () => {
    await buildSandbox(join(folder, 'product'))
    expect(await programs(join(folder, 'test'))).toContain(MARK)
    expect(await programs(join(folder, 'product'))).not.toContain(MARK)
  })
})

interface Hosted extends AsyncDisposable {
  /** Of the endpoint; those who ask there need no token of theirs. */
  url: string
  sleep(): Promise<void>
  state(): Promise<string>
}

/** The real application with a REPL that runs. The suites cannot present a token: the test's server does. */
async function openHosted(bundle: string): Promise<Hosted> {
  await using opened = new AsyncDisposableStack()
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const publicUrl = new URL(`http://localhost:${portOf(server)}`)
  const { app } = opened.use(await stage({ publicUrl, bundle }))
  opened.defer(() => {
    server.closeAllConnections()
    server.close()
  })
  const { auth, repls, agents } = app.context
  const ada = principalOfUser(
    await auth.users.signIn({ provider: 'local', accountId: 'ada', name: 'Ada', isAdmin: false }),
  )
  const { id } = await repls.create(ada, { source: { kind: 'template', template: 'empty' } })
  const { token } = await agents.createToken(ada, {
    resource: { kind: 'repl', replId: id },
    name: 'Conformance',
    scopes: ['repl:read', 'repl:write', 'repl:exec', 'repl:admin'],
  })
  server.on('request', (request, response) => {
    request.headers.authorization ??= `Bearer ${token}`
    void app.gateway.handleRequest(request, response)
  })
  await app.lifecycle.ensureRunning(id, AbortSignal.timeout(START_MS))
  const state = async () => (await repls.get(ada, id)).state.kind
  const owned = opened.move()
  return {
    url: new URL(`/r/${id}/mcp`, publicUrl).href,
    sleep: async () => {
      await repls.stop(ada, id)
      await expect.poll(state, { timeout: START_MS }).toBe('stopped')
    },
    state,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

/** The text of all programs in a build. */
async function programs(folder: string): Promise<string> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.cjs'))
  return (await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')))).join('\n')
}
