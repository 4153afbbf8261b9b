/** Network namespaces and the cables (veth pairs) between them. */
import { NETWORK_ATTEMPTS } from '../limits.ts'
import { runTool, ToolError } from '../run-tool.ts'
import { pairOf } from './addresses.ts'
import type { Pair, Upper } from './addresses.ts'

/** Where `ip netns` keeps a namespace. */
export function namespacePath(name: string): string {
  return `/run/netns/${name}`
}

/** Names of the links in a namespace, `lo` among them; `undefined` where there is no such namespace. */
export async function linksOf(name: string): Promise<string[] | undefined> {
  const listing = await runTool(['ip', '-n', name, '-o', 'link', 'show']).catch(() => undefined)
  return listing?.split('\n').flatMap((line) => /^\d+: ([^:@]+)/.exec(line)?.[1] ?? [])
}

/** Names of links are unique where the upper end is, so making one with `add` decides who has its addresses. */
export async function claimPair(upper: Upper, name: string, add: (pair: Pair) => Promise<unknown>): Promise<Pair> {
  for (let attempt = 0; attempt < NETWORK_ATTEMPTS; attempt++) {
    const pair = pairOf(upper, name, attempt)
    try {
      await add(pair)
      return pair
    } catch (error) {
      if (!(error instanceof ToolError && error.message.includes('File exists'))) throw error
    }
  }
  throw new ToolError(`No free network address in ${NETWORK_ATTEMPTS} attempts.`)
}

/** For taking away what may not be there. */
export async function quietly(argv: readonly [string, ...string[]]): Promise<void> {
  await runTool(argv).catch(() => {})
}
