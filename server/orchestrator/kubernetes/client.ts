import { request as httpsRequest, Agent } from 'node:https'
import type { RequestOptions } from 'node:https'
import type { IncomingMessage } from 'node:http'
import { KubeConfig } from '@kubernetes/client-node'
import { AppError } from '#server/errors.ts'
import { apiError, isPassing } from './errors.ts'
import {
  API_PATIENCE_MS,
  API_RETRY_FIRST_MS,
  API_RETRY_MAX_MS,
  API_TIMEOUT_MS,
  MAX_ANSWER_BYTES,
  MAX_API_CONNECTIONS,
} from './limits.ts'
import { pause } from './pause.ts'

export interface ApiCall {
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  /** From the API server's root, without query. */
  path: string
  query?: Record<string, string>
  body?: unknown
  /** Of the body; JSON unless it is a patch. */
  contentType?: string
  accept?: string
  signal?: AbortSignal | undefined
  /** How long a server that is away is asked again; 0: not at all. */
  patienceMs?: number
}

/** A cluster's API server, with the credentials of a kubeconfig or of the pod that we are. */
export interface KubeClient extends Disposable {
  readonly config: KubeConfig
  /** The answer's JSON. A refusal is an `AppError`; a server that is away is waited for. */
  call(call: ApiCall): Promise<unknown>
  /** The answer as it comes, for watches. */
  stream(call: ApiCall): Promise<IncomingMessage>
}

/** Opens the cluster of `kubeconfig` (a path), else of `KUBECONFIG`, `~/.kube/config` or the service account of this pod. */
export function openKubeClient(kubeconfig?: string): KubeClient {
  const config = new KubeConfig()
  try {
    if (kubeconfig === undefined) config.loadFromDefault()
    else config.loadFromFile(kubeconfig)
  } catch (cause) {
    throw new AppError('unavailable', `The kubeconfig ${kubeconfig ?? ''} cannot be read.`, {
      cause,
      advice: 'Name a file that `kubectl` works with: KUBECONFIG=/path/to/kubeconfig.',
    })
  }
  const cluster = config.getCurrentCluster()
  if (cluster === null) {
    throw new AppError('unavailable', 'There is no cluster: the kubeconfig names none as its current context.', {
      advice: 'Set KUBECONFIG, or run the control plane in the cluster.',
    })
  }
  const server = new URL(cluster.server)
  const agents = new Agents()

  const open = async ({ path, query, body, contentType, accept, method, signal }: ApiCall) => {
    const options: RequestOptions = {}
    await config.applyToHTTPSOptions(options)
    const bytes = body === undefined ? undefined : Buffer.from(JSON.stringify(body))
    const search = query === undefined ? '' : `?${new URLSearchParams(query).toString()}`
    return await new Promise<IncomingMessage>((resolve, reject) => {
      const asking = httpsRequest(
        {
          ...options,
          // A proxy's agent stays; ours keeps connections.
          agent: cluster.proxyUrl === undefined ? agents.for(options) : options.agent,
          protocol: server.protocol,
          hostname: server.hostname,
          port: server.port,
          path: `${server.pathname.replace(/\/$/, '')}${path}${search}`,
          method,
          headers: {
            ...headersOf(options),
            accept: accept ?? 'application/json',
            ...(bytes !== undefined && {
              'content-type': contentType ?? 'application/json',
              'content-length': String(bytes.length),
            }),
          },
          timeout: API_TIMEOUT_MS,
          ...(signal !== undefined && { signal }),
        },
        resolve,
      )
      asking.on('timeout', () => asking.destroy(new Error('no answer in time')))
      asking.on('error', reject)
      // Of a switch of protocols, which nobody asked for, there is no other word.
      asking.on('close', () => reject(new Error('no answer')))
      asking.end(bytes)
    })
  }

  const once = async (call: ApiCall) => {
    let answer: IncomingMessage
    let text: string
    try {
      answer = await open(call)
      text = await textOf(answer)
    } catch (cause) {
      call.signal?.throwIfAborted()
      throw new AppError('unavailable', `The cluster's API server (${server.host}) does not answer.`, {
        cause,
        advice: 'Look whether it runs, and whether this machine reaches it: kubectl get --raw /readyz',
      })
    }
    const status = answer.statusCode ?? 0
    if (status < 200 || status > 299) throw apiError(status, text)
    return parse(text)
  }

  return {
    config,
    call: async (call) => {
      const until = Date.now() + (call.patienceMs ?? API_PATIENCE_MS)
      for (let wait = API_RETRY_FIRST_MS; ; wait = Math.min(wait * 2, API_RETRY_MAX_MS)) {
        try {
          return await once(call)
        } catch (error) {
          if (!isPassing(error) || Date.now() + wait > until) throw error
          await pause(wait * (0.5 + Math.random() / 2), call.signal)
        }
      }
    },
    stream: async (call) => {
      const answer = await open(call)
      if (answer.statusCode === 200) {
        // Whoever reads a watch knows how long it may be silent.
        answer.setTimeout(0)
        return answer
      }
      throw apiError(answer.statusCode ?? 0, await textOf(answer))
    },
    [Symbol.dispose]: () => agents[Symbol.dispose](),
  }
}

/** The agent for the present credentials: certificates may be renewed while we run. */
class Agents implements Disposable {
  #agent: Agent | undefined
  #key = ''

  for({ ca, cert, key, rejectUnauthorized, servername }: RequestOptions): Agent {
    const is = [ca, cert, key, rejectUnauthorized, servername].map(String).join('\0')
    if (this.#agent !== undefined && is === this.#key) return this.#agent
    this.#agent?.destroy()
    this.#key = is
    this.#agent = new Agent({
      keepAlive: true,
      maxSockets: MAX_API_CONNECTIONS,
      ca,
      cert,
      key,
      ...(rejectUnauthorized !== undefined && { rejectUnauthorized }),
      ...(servername !== undefined && { servername }),
    })
    return this.#agent
  }

  [Symbol.dispose](): void {
    this.#agent?.destroy()
  }
}

/** What the credentials add: a token, say. */
function headersOf({ headers = {} }: RequestOptions): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]))
}

async function textOf(answer: IncomingMessage): Promise<string> {
  const parts: Buffer[] = []
  let bytes = 0
  for await (const part of answer) {
    const chunk = Buffer.from(part)
    bytes += chunk.length
    if (bytes > MAX_ANSWER_BYTES) throw new Error('The answer is too large.')
    parts.push(chunk)
  }
  return Buffer.concat(parts).toString('utf8')
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new AppError('unavailable', "The cluster's API server answered something that is no JSON.", { cause })
  }
}
