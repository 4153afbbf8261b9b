import { setTimeout as delay } from 'node:timers/promises'
import {
  MAX_CALLS_PER_REPORT,
  MAX_CALL_ARGS_CHARS,
  MAX_CALL_DIFF_CHARS,
  MAX_CALL_SUMMARY_CHARS,
} from '#protocol/agents.ts'
import type { AgentCall } from '#protocol/agents.ts'
import { processInput } from '#protocol/tools/commands.ts'
import { MAX_WAITING_CALLS, REPORT_MS } from './limits.ts'
import { count } from './output.ts'

interface CallLogOptions {
  report: (calls: AgentCall[]) => Promise<void>
  onFailure: (message: string, error: unknown) => void
  /** Values that nobody who may only look shall read: the REPL's variables. */
  secrets?: () => readonly string[]
}

/** Tells the control plane what agents do, some calls at a time. Nobody waits for it. */
export class CallLog implements AsyncDisposable {
  readonly #options: CallLogOptions
  /** By id: how a call ended replaces how it began, if that was not told yet. */
  #waiting = new Map<string, AgentCall>()
  #sending: Promise<void> | undefined

  constructor(options: CallLogOptions) {
    this.#options = options
  }

  tell(call: AgentCall): void {
    this.#waiting.delete(call.id)
    this.#waiting.set(call.id, bounded(withoutValues(call, this.#options.secrets?.() ?? [])))
    const [oldest] = this.#waiting.keys()
    if (this.#waiting.size > MAX_WAITING_CALLS && oldest !== undefined) this.#waiting.delete(oldest)
    this.#sending ??= this.#send()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#sending
  }

  async #send(): Promise<void> {
    while (this.#waiting.size > 0) {
      await delay(REPORT_MS, undefined, { ref: false })
      const calls = [...this.#waiting.values()].slice(0, MAX_CALLS_PER_REPORT)
      for (const { id } of calls) this.#waiting.delete(id)
      // The client to the control plane has tried again by itself.
      await this.#options
        .report(calls)
        .catch((error: unknown) => this.#options.onFailure('Calls of agents could not be reported.', error))
    }
    this.#sending = undefined
  }
}

/** Shorter values, as `true` or a port, are in every second text, and no secret. */
const MIN_SECRET_CHARS = 8

/** Leaves the values of variables out, as they are and as JSON writes them. */
function withoutValues(call: AgentCall, values: readonly string[]): AgentCall {
  const secrets = values
    .filter((value) => value.length >= MIN_SECRET_CHARS)
    .flatMap((value) => [value, JSON.stringify(value).slice(1, -1)])
    // One that holds another goes first.
    .sort((one, other) => other.length - one.length)
  if (secrets.length === 0) return call
  const leftOut = (text: string): string => secrets.reduce((rest, one) => rest.replaceAll(one, '[left out]'), text)
  return {
    ...call,
    args: leftOut(call.args),
    summary: leftOut(call.summary),
    ...(call.diff !== undefined && { diff: leftOut(call.diff) }),
  }
}

function bounded(call: AgentCall): AgentCall {
  return {
    ...call,
    args: cut(withoutTickets(call.args), MAX_CALL_ARGS_CHARS),
    summary: shown(call.summary, MAX_CALL_SUMMARY_CHARS),
    ...(call.diff !== undefined && { diff: shown(call.diff, MAX_CALL_DIFF_CHARS) }),
  }
}

/** Text from the sandbox as people see it. */
function shown(text: string, maxChars: number): string {
  // What goes past the end is not looked through, but for a secret that begins before it.
  return cut(redact(withoutTickets(text.slice(0, 2 * maxChars))), maxChars)
}

/** A link to a file lets in whoever has it, and viewers see the calls of those who may write. */
function withoutTickets(text: string): string {
  return text.replaceAll(/([?&]ticket=)[\w-]+/g, '$1[left-out]')
}

function cut(text: string, maxChars: number): string {
  return text.length <= maxChars ? text : `${text.slice(0, maxChars - 1)}…`
}

const SECRET_NAME = /token|secret|passw|api_?key|authorization|credential/i
const MAX_ARGUMENT_CHARS = 500

/** A call's arguments as people see them: long texts cut, values of variables, secrets and what is typed left out. */
export function describeArguments(tool: string, args: unknown): string {
  return JSON.stringify(args, (name, value: unknown) => {
    // A program may have asked for a password.
    if (tool === processInput.name && name === 'text' && typeof value === 'string')
      return `[${count(value.length)} characters]`
    if (name === 'env_json' || name === 'stdin' || SECRET_NAME.test(name)) return '[left out]'
    if (typeof value !== 'string') return value
    return cut(redact(value), MAX_ARGUMENT_CHARS)
  })
}

/** `NAME=value` of a secret in a command line, and tokens by their look. What is left out already stays as it is. */
export function redact(text: string): string {
  return text
    .replaceAll(
      /\b(\w{0,64}(?:token|secret|passw(?:or)?d|api_?key)\w{0,64})=(?!\[left out\])(\\?"[^"]*"|'[^']*'|\S+)/gi,
      '$1=[left out]',
    )
    .replaceAll(/\b(?:gh[pousr]_|github_pat_|devex_pat_|sk-|pat_|xox[abp]-)[\w-]{8,}/g, '[left out]')
    .replaceAll(/(Bearer|Basic) [\w.~+/=-]{8,}/g, '$1 [left out]')
}
