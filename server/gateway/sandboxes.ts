import type { Duplex } from 'node:stream'
import { RUNNER_ROUTES } from '#protocol/adoption.ts'
import type { AttachClaims } from '#protocol/claims.ts'
import type { Tokens } from '#server/auth/tokens.ts'
import { AppError } from '#server/errors.ts'
import type { GatewayLimits } from '#server/gateway/limits.ts'
import { errorOfRunner } from '#server/gateway/runner-error.ts'
import { requestUpgrade } from '#server/gateway/upgrade-request.ts'
import type { Orchestrator } from '#server/orchestrator/orchestrator.ts'
import type { Lifecycle, RunningSandbox, WakeOptions } from '#server/repls/repls.ts'
import type { ConnectionsAhead } from '#server/workspaces/connections-ahead.ts'

/** As whom a connection to a runner is made. */
export type Visitor = Pick<AttachClaims, 'sub' | 'role' | 'actor' | 'hasAvatar'>

/** A repl and the sandbox that serves it now. */
export interface Target extends RunningSandbox {
  replId: string
}

interface WakeLimits {
  limitMs: number
  signal: AbortSignal
}

/** The way into running sandboxes. */
export interface Sandboxes {
  /** Wakes the repl if it sleeps; `timeout` after `limitMs`, the start itself goes on. */
  wake(replId: string, options: WakeLimits & WakeOptions): Promise<Target>
  /** The sandbox of a repl that runs; `unavailable` for one that sleeps, which goes on sleeping. */
  find(replId: string): Promise<Target>
  /** A connection to the runner, and the token to show there. */
  dial(target: Target, visitor: Visitor): Promise<{ connection: Duplex; token: string }>
  /** A connection to the sidecar. */
  dialSidecar(target: Target): Promise<Duplex>
  /** A raw connection to a port in the sandbox; an error of `isPortClosed` where nothing listens. */
  tunnel(target: Target, port: number): Promise<Duplex>
}

interface SandboxParts {
  lifecycle: Lifecycle
  orchestrator: Orchestrator
  /** Connections to runners, some of them made while a start went on. */
  runners: Pick<ConnectionsAhead, 'take'>
  tokens: Tokens
  limits: GatewayLimits
}

/** Tunnels are shared by all visitors of a preview, whom the gateway has checked: the runner sees the preview itself. */
const PREVIEW_VISITOR: Visitor = { sub: 'preview000000000', role: 'viewer', actor: 'Preview' }

/** The way into sandboxes, through lifecycle and orchestrator. */
export function createSandboxes({ lifecycle, orchestrator, runners, tokens, limits }: SandboxParts): Sandboxes {
  async function wake(replId: string, { limitMs, signal, ...options }: WakeLimits & WakeOptions): Promise<Target> {
    const limit = AbortSignal.timeout(limitMs)
    try {
      return { replId, ...(await lifecycle.ensureRunning(replId, AbortSignal.any([signal, limit]), options)) }
    } catch (cause) {
      if (limit.aborted && !signal.aborted)
        throw new AppError('timeout', `The REPL did not start within ${limitMs / 1000} s.`, {
          cause,
          advice: 'It goes on starting: try again in a moment.',
        })
      throw signal.aborted && signal.reason instanceof AppError ? signal.reason : cause
    }
  }

  async function find(replId: string): Promise<Target> {
    const running = await lifecycle.running(replId)
    if (running === undefined) {
      throw new AppError('unavailable', 'The REPL sleeps.', { advice: 'Open the REPL to start it.' })
    }
    return { replId, ...running }
  }

  async function dial(target: Target, visitor: Visitor): Promise<{ connection: Duplex; token: string }> {
    const { replId, generation, sandboxId } = target
    const token = await tokens.attach({ repl: replId, generation, ...visitor })
    try {
      return { connection: await runners.take(sandboxId), token }
    } catch (cause) {
      throw unreachable(cause)
    }
  }

  async function dialSidecar({ sandboxId }: Target): Promise<Duplex> {
    try {
      return await orchestrator.dial(sandboxId, 'sidecar')
    } catch (cause) {
      throw unreachable(cause)
    }
  }

  async function tunnel(target: Target, port: number): Promise<Duplex> {
    const { connection, token } = await dial(target, PREVIEW_VISITOR)
    const answer = await requestUpgrade(connection, {
      path: `${RUNNER_ROUTES.tunnel}?port=${port}`,
      headers: [
        ['Host', 'runner'],
        ['Connection', 'Upgrade'],
        ['Upgrade', 'devex-tunnel'],
        ['Authorization', `Bearer ${token}`],
      ],
      limitMs: limits.runnerHeadMs,
      limits,
    })
    if (answer.kind === 'upgraded') return answer.stream
    const error = await errorOfRunner(answer.response, limits)
    connection.destroy()
    // The sandbox runs, so what is not available in it is the port.
    throw error.code === 'unavailable' || error.code === 'not_found' ? portClosed(port) : error
  }

  return { wake, find, dial, dialSidecar, tunnel }
}

/**
 * A sandbox that is gone, or a runner that takes this connection for another generation's: between a stop and a start
 * both happen. Whoever got so far has a right to the REPL, so it must never look to them as if that had gone.
 */
export function unreachable(cause: unknown): AppError {
  return new AppError('unavailable', 'The sandbox cannot be reached just now.', {
    cause,
    advice: 'Try again in a moment.',
  })
}

/** Marks, as the cause, the one kind of `unavailable` that ends when the user starts a server. */
class ClosedPort extends Error {}

/** Whether an error says that nothing listens on the port. */
export function isPortClosed(error: AppError): boolean {
  return error.cause instanceof ClosedPort
}

function portClosed(port: number): AppError {
  return new AppError('unavailable', `Nothing listens on port ${port} yet.`, {
    cause: new ClosedPort(),
    advice: 'Start your server.',
  })
}
