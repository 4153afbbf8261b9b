import * as z from 'zod'
import { INTERNAL_ROUTES, checkpointSchema, checkpointsResponseSchema } from '#protocol/adoption.ts'
import type { AgentCall } from '#protocol/agents.ts'
import type { Ask } from '../control-plane-client.ts'
import { CHECKPOINT_TIMEOUT_MS, RESTORE_BY_ID_TIMEOUT_MS } from '../limits.ts'

export type Checkpoint = z.infer<typeof checkpointSchema>

export interface FileLink {
  path: string
  method: 'GET' | 'PUT'
  user: string
  connection: string
}

/** What agents get from the control plane, through the sidecar. */
export interface ReplControl {
  /** What the REPL is called. */
  readonly name: string
  checkpoints(): Promise<Checkpoint[]>
  checkpoint(what: { reason: 'checkpoint' | 'before-agent'; name?: string; actor: string }): Promise<Checkpoint>
  /** Brings a checkpoint back; the id of the state before, to undo it. */
  restore(what: { id: string; actor: string }): Promise<string>
  /** Where a file is downloaded from or uploaded to, for 15 minutes, or until the agent is cut off. */
  fileLink(what: FileLink): Promise<{ url: string }>
  /** Where people see what listens on a port. */
  previewLink(what: { port: number; path: string; access: 'private' | 'link'; user: string }): Promise<PreviewLink>
  /** Where people open the REPL. */
  address(): Promise<string>
  /** As that person would. */
  stop(user: string): Promise<void>
  report(calls: AgentCall[]): Promise<void>
}

const undoSchema = z.object({ undo: z.string() })
const linkSchema = z.object({ url: z.string() })
const previewSchema = z.object({ url: z.string(), access: z.enum(['private', 'link']) })
export type PreviewLink = z.infer<typeof previewSchema>

/** Over the sidecar's own calls to the control plane. */
export function createReplControl(ask: Ask, name: string): ReplControl {
  const { checkpoints, restores, agentCalls, agentLinks, agentStops } = INTERNAL_ROUTES
  return {
    name,
    checkpoints: async () => (await ask({ method: 'GET', path: checkpoints }, checkpointsResponseSchema)).checkpoints,
    checkpoint: (json) =>
      ask(
        { method: 'POST', path: checkpoints, json, isOnce: true, timeoutMs: CHECKPOINT_TIMEOUT_MS },
        checkpointSchema,
      ),
    restore: async (json) => {
      const call = { method: 'POST', path: restores, json, isOnce: true, timeoutMs: RESTORE_BY_ID_TIMEOUT_MS }
      return (await ask(call, undoSchema)).undo
    },
    fileLink: (json) => ask({ method: 'POST', path: agentLinks, json: { kind: 'file', ...json } }, linkSchema),
    previewLink: (json) => ask({ method: 'POST', path: agentLinks, json: { kind: 'preview', ...json } }, previewSchema),
    address: async () => (await ask({ method: 'POST', path: agentLinks, json: { kind: 'repl' } }, linkSchema)).url,
    stop: async (user) => void (await ask({ method: 'POST', path: agentStops, json: { user } }, z.unknown())),
    report: async (calls) => void (await ask({ method: 'POST', path: agentCalls, json: { calls } }, z.unknown())),
  }
}
