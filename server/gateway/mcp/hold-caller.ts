import type { AccessWatch, Hold } from '#server/gateway/access-watch.ts'
import type { Connections } from '#server/agents/connections.ts'
import type { Caller, Presented } from '#server/gateway/mcp/callers.ts'
import type { McpParts } from '#server/gateway/mcp/mcp-parts.ts'

interface HoldParts {
  watch: AccessWatch
  connections: Connections
}

/** The agent's right, asked for again when the repl's grants change and when the agent may have been cut off. */
export function holdCaller(
  parts: McpParts,
  presented: Presented,
  replId: string,
): Promise<Hold<Caller> & AsyncDisposable> {
  const { connectionId } = presented
  return holdWhileConnected(parts, { connectionId, replId }, () => parts.callers.inRepl(presented, replId))
}

/** What `decide` says an agent may, until it is cut off or says otherwise. */
export async function holdWhileConnected<T extends { expiresAt?: number }>(
  { watch, connections }: HoldParts,
  { connectionId, replId }: { connectionId: string; replId: string },
  decide: () => Promise<T>,
): Promise<Hold<T> & AsyncDisposable> {
  let hold: Hold<T> | undefined
  let mayBeOver = false
  const ends = await connections.onEnd(connectionId, () => {
    mayBeOver = true
    hold?.confirm()
  })
  try {
    const held = await watch.hold(replId, decide)
    hold = held
    if (mayBeOver) held.confirm()
    return {
      ...held,
      [Symbol.asyncDispose]: async () => {
        held.release()
        await ends[Symbol.asyncDispose]()
      },
    }
  } catch (error) {
    await ends[Symbol.asyncDispose]()
    throw error
  }
}
