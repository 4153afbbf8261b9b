/** A network of its own for a sandbox: a namespace with a cable to the router of its control plane. */
import { runTool } from '../run-tool.ts'
import { claimPair, namespacePath, quietly } from './cables.ts'
import type { Router } from './router.ts'

/** Makes the network of a sandbox. What a failed attempt left behind is taken away by `removeNetwork`. */
export async function makeNetwork(sandboxId: string, router: Router): Promise<void> {
  const name = namespaceOf(sandboxId)
  await Promise.all([runTool(['ip', 'netns', 'add', name]), router.guard()])
  const { gateway, address } = await claimPair('router', sandboxId, ({ link, gateway: upper }) =>
    runTool(['ip', '-n', router.name, '-batch', '-'], {
      input: lines(
        `link add ${link} type veth peer name eth0 netns ${name}`,
        `addr add ${upper}/30 dev ${link}`,
        `link set ${link} up`,
      ),
    }),
  )
  await runTool(['ip', '-n', name, '-batch', '-'], {
    input: lines(
      'link set lo up',
      `addr add ${address}/30 dev eth0`,
      'link set eth0 up',
      `route add default via ${gateway}`,
    ),
  })
}

/** Whether a sandbox has a whole network: the way out is the last thing that is made, and goes with a router. */
export async function hasNetwork(sandboxId: string): Promise<boolean> {
  const argv = ['ip', '-n', namespaceOf(sandboxId), 'route', 'show', 'default'] as const
  return (await runTool(argv).catch(() => '')) !== ''
}

/** Path of a sandbox's network, for `nsenter`. */
export function networkPath(sandboxId: string): string {
  return namespacePath(namespaceOf(sandboxId))
}

/** Takes everything of it away; what is not there is no error. */
export async function removeNetwork(sandboxId: string): Promise<void> {
  const name = namespaceOf(sandboxId)
  // The cable first: the namespace itself may live a moment longer than its name.
  await quietly(['ip', '-n', name, 'link', 'del', 'eth0'])
  await quietly(['ip', 'netns', 'del', name])
}

function namespaceOf(sandboxId: string): string {
  return `devex-${sandboxId}`
}

function lines(...all: string[]): string {
  return `${all.join('\n')}\n`
}
