/** The program that filters packets here, and our rules in its language. */
import { runTool } from '../run-tool.ts'
import { applyIptablesRules, iptablesRouterRules, openForwardChain, removeIptablesRules } from './iptables.ts'
import { nftRouterRules, nftRules } from './rules.ts'
import type { RuleOptions } from './rules.ts'

export type Firewall = 'nftables' | 'iptables'

/** Which of the two is here; asked by listing what it has. */
export async function findFirewall(): Promise<Firewall> {
  const hasNftables = await runTool(['nft', 'list', 'tables']).then(
    () => true,
    () => false,
  )
  return hasNftables ? 'nftables' : 'iptables'
}

/**
 * Sets or replaces the machine's rules for the cable of a router. At no moment is it less closed than before or after.
 * Says whether another firewall had to be told to let it through.
 */
export async function closeLink(firewall: Firewall, rules: RuleOptions): Promise<{ isChainOpened: boolean }> {
  if (firewall === 'iptables') {
    await applyIptablesRules(rules)
    return { isChainOpened: false }
  }
  await runTool(['nft', '-f', '-'], { input: nftRules(rules) })
  return { isChainOpened: await openForwardChain(rules.link) }
}

/** Takes the machine's rules for a cable away; what is not there is no error. */
export async function forgetLink(link: string): Promise<void> {
  await runTool(['nft', 'delete', 'table', 'inet', link]).catch(() => {})
  await removeIptablesRules(link)
}

/** Sets or replaces the rules inside a router, whose cable to the machine is `link`. */
export async function closeRouter(firewall: Firewall, namespace: string, link: string): Promise<void> {
  const enter = ['nsenter', `--net=${namespace}`, '--'] as const
  if (firewall === 'nftables') await runTool([...enter, 'nft', '-f', '-'], { input: nftRouterRules(link) })
  else await runTool([...enter, 'iptables-restore', '-w'], { input: iptablesRouterRules(link) })
}
