import { once } from 'node:events'
import { dirname, join } from 'node:path'
import { REHEARSAL_AFTER_MS } from '#protocol/limits.ts'
import { AdoptedSandbox } from './adopt.ts'
import { createAuthorize } from './authorize.ts'
import { createControlPlane } from './control-plane-client.ts'
import { ControlTunnel } from './control-tunnel.ts'
import { createCaller } from './http-call.ts'
import { warmUp } from './warm-up.ts'
import { readEnv } from './env.ts'
import { sayHello } from './hello.ts'
import { saveBeforeEnd } from './last-save.ts'
import { END_GRACE_MS } from './limits.ts'
import { onceAsked } from './once-asked.ts'
import { rehearse } from './rehearsal.ts'
import { createRunner } from './runner-client.ts'
import { listen } from './server.ts'
import { Workspace } from './workspace.ts'

/** Entry point of the sidecar: it saves, restores and speaks for a sandbox, and lets agents in. */
async function main(): Promise<void> {
  const env = readEnv()
  // A full disk or a closed pipe fails each line of the log: what is to be saved is saved all the same.
  process.stderr.on('error', () => undefined)
  const log = (message: string, error: unknown) => {
    const detail = error instanceof Error ? (error.stack ?? error.message) : String(error)
    process.stderr.write(
      `${JSON.stringify({ time: new Date().toISOString(), level: 'warn', message, error: detail })}\n`,
    )
  }

  using tunnel = new ControlTunnel()
  using controlCaller = createCaller(env.control === 'tunnel' ? { tunnel } : env.control)
  using runner = createRunner(env.runnerSocket)
  await using sandbox = new AdoptedSandbox({
    sandboxId: env.sandboxId,
    makeWorkspace: (request) =>
      new Workspace(request, {
        volumeDir: env.volumeDir,
        stateDir: env.stateDir,
        runner,
        controlPlane: createControlPlane(controlCaller, request.token, request.atHand),
        log,
      }),
    log,
  })
  const mcp = onceAsked(async () => {
    // It takes long to set up, and most sandboxes see no agent.
    const [{ openMcpDoor }, { createRunnerApi }] = await Promise.all([
      import('./mcp/door.ts'),
      import('./runner/create-runner-api.ts'),
    ])
    return openMcpDoor({ env, runner: createRunnerApi(join(dirname(env.runnerSocket), 'grpc.sock')), sandbox, log })
  })
  const authorize = createAuthorize({ publicKeyPem: env.controlPublicKey, sandboxId: env.sandboxId })
  await using _server = await listen({
    listen: env.listen,
    sandboxId: env.sandboxId,
    sandbox,
    authorize,
    mcp: mcp.get,
    tunnel,
  })

  const ended = new AbortController()
  if (env.hello !== undefined) void sayHello(controlCaller, env.hello, ended.signal)
  if (env.control !== 'tunnel') void warmUp({ authorize, controlCaller, runner })
  const rehearsal = setTimeout(() => {
    if (sandbox.identity === null)
      rehearse(env.stateDir).catch((error: unknown) => log('The rehearsal of an adoption failed.', error))
  }, REHEARSAL_AFTER_MS)

  await Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')])
  clearTimeout(rehearsal)
  ended.abort()
  await mcp.end()

  // Locally `stop` was asked for before. A pod is told to end like this, and all its containers at once.
  const outOfTime = setTimeout(() => {
    log('The time to end is over, and the work is not saved.', new Error(`after ${END_GRACE_MS / 1000} s`))
    process.exit(1)
  }, END_GRACE_MS)
  await saveBeforeEnd(sandbox, AbortSignal.timeout(END_GRACE_MS))
  clearTimeout(outOfTime)
}

// What it rejects with ends the process, as it should.
void main()
