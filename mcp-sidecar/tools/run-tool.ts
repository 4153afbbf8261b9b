import { inputRequired, inputResponse } from '@modelcontextprotocol/server'
import type { CallToolResult, InputRequiredResult } from '@modelcontextprotocol/server'
import * as z from 'zod'
import { newId } from '#protocol/ids.ts'
import type { AgentCall } from '#protocol/agents.ts'
import type { CallContext } from '../mcp/offer.ts'
import { SidecarError, toWireError } from '../sidecar-error.ts'
import { describeArguments, redact } from './call-log.ts'
import type { CallLog } from './call-log.ts'
import { refuseCancelled, untilAborted } from './cancelled.ts'
import type { Cursors } from './cursors.ts'
import { HEARTBEAT_MS, PROGRESS_MS } from './limits.ts'
import type { ReplControl } from './repl-control.ts'
import type { Runs } from './runs.ts'
import type { RunnerApi } from '../runner/runner-api.ts'
import type { CallNote, PersonsWord, Tool, ToolAnswer } from './tool.ts'
import type { Turns } from './turns.ts'

/** Under which a person's word comes back. */
const CONFIRM = 'confirm'

/** What tools of one REPL share. */
export interface ToolRoom {
  runner: RunnerApi
  control: ReplControl
  cursors: Cursors
  turns: Turns
  runs: Runs
  log: CallLog
}

/** Runs a tool for a caller: within its run, told to those who look on, its failure as words that a model can use. */
export async function runTool(
  tool: Tool,
  { args, caller, server, canAsk }: CallContext & { args: unknown },
  room: ToolRoom,
): Promise<CallToolResult | InputRequiredResult> {
  const { runs, log, runner, control, cursors, turns } = room
  const run = runs.enter(caller)
  using progress = progressOf(server)
  const { signal } = server.mcpReq
  const isChange = !tool.definition.hints.readOnly
  const checkpoint = isChange ? await untilAborted(runs.beforeChange(run, caller), signal) : undefined
  const call: AgentCall = {
    id: newId(),
    connection: caller.connection,
    actor: caller.actor,
    client: caller.client,
    tool: tool.definition.name,
    args: describeArguments(tool.definition.name, args),
    startedAt: Date.now(),
    summary: '',
    run: run.id,
    ...(checkpoint !== undefined && { checkpoint }),
  }
  let note: CallNote = {}
  log.tell(call)
  const end = (ok: boolean, summary: string) => {
    runs.leave(run)
    log.tell({ ...call, ...note, endedAt: Date.now(), ok, summary })
  }
  try {
    // The checkpoint may take long: whoever cancelled meanwhile does not want the call any more.
    refuseCancelled(signal)
    const answer = await tool.call(args, {
      caller,
      runner,
      control,
      cursors,
      turns,
      signal,
      progress: progress.say,
      person: personsWord(server, canAsk),
      isHeard: server.mcpReq._meta?.progressToken !== undefined,
      note: (about) => {
        note = { ...note, ...about }
        if (about.terminal !== undefined) log.tell({ ...call, ...note })
      },
    })
    const result = resultOf(answer)
    end(true, summaryOf(answer))
    return result
  } catch (error) {
    const text = errorText(error)
    end(false, text)
    return { isError: true, content: [{ type: 'text', text }] }
  }
}

function resultOf(answer: ToolAnswer): CallToolResult | InputRequiredResult {
  if (answer.kind === 'question') return inputRequired({ inputRequests: { [CONFIRM]: question(answer.question) } })
  if (answer.kind === 'record')
    return { content: [{ type: 'text', text: JSON.stringify(answer.record) }], structuredContent: answer.record }
  const { text, image, meta } = answer.answer
  return {
    content: [...(image === undefined ? [] : [{ type: 'image' as const, ...image }]), { type: 'text' as const, text }],
    ...(meta !== undefined && { _meta: { 'devex/result': meta } }),
  }
}

/** Agreeing is all there is to say. */
function question(message: string) {
  return inputRequired.elicit({ message, requestedSchema: { type: 'object', properties: {} } })
}

function personsWord(server: CallContext['server'], canAsk: boolean): PersonsWord {
  const said = inputResponse(server.mcpReq.inputResponses, CONFIRM)
  if (said.kind === 'elicit') return said.action === 'accept' ? 'agreed' : 'refused'
  return canAsk ? 'can be asked' : 'cannot be asked'
}

function summaryOf(answer: ToolAnswer): string {
  if (answer.kind === 'question') return `Asked the person: ${answer.question}`
  if (answer.kind === 'record') return JSON.stringify(answer.record)
  // Before it is cut, or half of a secret is not known as one. How it ended stands in the last line.
  const text = redact(answer.answer.text)
  return text.length <= 1000 ? text : `…${text.slice(-900)}`
}

/** What happened, and the next step. */
function errorText(error: unknown): string {
  if (!(error instanceof SidecarError) && !(error instanceof z.ZodError))
    return `Something went wrong in the sandbox: ${error instanceof Error ? error.message : String(error)}\nTry again; if it stays, tell the person you work for.`
  const { message, advice } = toWireError(error)
  return advice === undefined ? message : `${message}\n${advice}`
}

/** Tells the caller what the call is about, and that it is alive where there is nothing to tell: clients give up on silence. */
function progressOf(server: CallContext['server']): Disposable & { say: (message: string) => void } {
  const token = server.mcpReq._meta?.progressToken
  if (token === undefined) return { say: () => undefined, [Symbol.dispose]: () => undefined }
  let progress = 0
  let saidAt = Date.now()
  const say = (message: string) => {
    progress += 1
    saidAt = Date.now()
    const params = { progressToken: token, progress, ...(message !== '' && { message }) }
    // Whoever hung up does not hear it.
    void server.mcpReq.notify({ method: 'notifications/progress', params }).catch(() => undefined)
  }
  const heart = setInterval(() => {
    if (Date.now() - saidAt >= HEARTBEAT_MS - PROGRESS_MS) say('still at work')
  }, PROGRESS_MS)
  return { say, [Symbol.dispose]: () => clearInterval(heart) }
}
