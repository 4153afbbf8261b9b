import type { AdoptedSandbox } from '../adopt.ts'
import type { SidecarEnv } from '../env.ts'
import type { RunnerApi } from '../runner/runner-api.ts'
import type { McpDoor } from '../server.ts'
import { CallLog } from '../tools/call-log.ts'
import { Cursors } from '../tools/cursors.ts'
import { Turns } from '../tools/turns.ts'
import { createReplControl } from '../tools/repl-control.ts'
import { createReplOffer } from '../tools/repl-offer.ts'
import type { ToolRoom } from '../tools/run-tool.ts'
import { Runs } from '../tools/runs.ts'
import type { LogFailure } from '../workspace.ts'
import { createIdentify } from './caller.ts'
import { createMcpEndpoint } from './endpoint.ts'
import type { EndpointOptions } from './endpoint.ts'
import { tellChanges } from './notices.ts'

export interface DoorOptions {
  env: Pick<SidecarEnv, 'controlPublicKey' | 'sandboxId'>
  /** Disposed of with the door. */
  runner: RunnerApi
  sandbox: Pick<AdoptedSandbox, 'identity' | 'forAgents'>
  log: LogFailure
}

/** For the test build: what stands before the REPL's own offer, with its means. */
export type Extra = Pick<EndpointOptions, 'offers' | 'more' | 'bus'>

/** Where agents come in: the endpoint with what it needs of the runner and the control plane. */
export function openMcpDoor({ env, runner, sandbox, log }: DoorOptions, extra: Extra = { offers: [] }): McpDoor {
  const [cursors, turns] = [new Cursors(), new Turns()]
  let made: { ask: unknown; room: ToolRoom } | undefined
  const room = (): ToolRoom => {
    const { ask, replName } = sandbox.forAgents
    if (made?.ask === ask) return made.room
    const control = createReplControl(ask, replName)
    const runs = new Runs(control, log)
    const callLog = new CallLog({
      report: (calls) => control.report(calls),
      onFailure: log,
      secrets: () => sandbox.forAgents.secrets(),
    })
    made = { ask, room: { runner, control, cursors, turns, runs, log: callLog } }
    return made.room
  }
  const endpoint = createMcpEndpoint({
    identify: createIdentify({
      publicKeyPem: env.controlPublicKey,
      sandboxId: env.sandboxId,
      owner: () => sandbox.identity,
    }),
    ...extra,
    offers: [...extra.offers, createReplOffer(room)],
    onError: (error) => log('The MCP endpoint met an error.', error),
  })
  const telling = tellChanges(runner, endpoint, log)
  return {
    handle: (request, response) => endpoint.handle(request, response),
    [Symbol.asyncDispose]: async () => {
      await telling[Symbol.asyncDispose]()
      await endpoint[Symbol.asyncDispose]()
      await made?.room.log[Symbol.asyncDispose]()
      runner[Symbol.dispose]()
    },
  }
}
