import type { Hold } from '#server/gateway/access-watch.ts'
import type { Caller, Presented } from '#server/gateway/mcp/callers.ts'
import type { McpParts } from '#server/gateway/mcp/mcp-parts.ts'

/** The agent's right, asked for again when the repl's grants change and when the agent may have been cut off. */
export async function holdCaller(
  { watch, callers, connections }: McpParts,
  presented: Presented,
  replId: string,
): Promise<Hold<Caller> & AsyncDisposable> {
  let hold: Hold<Caller> | undefined
  let mayBeOver = false
  const ends = await connections.onEnd(presented.connectionId, () => {
    mayBeOver = true
    hold?.confirm()
  })
  try {
    const held = await watch.hold(replId, () => callers.inRepl(presented, replId))
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
