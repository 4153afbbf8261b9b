import type { Isolation } from '../orchestrator.ts'
import type { Cgroups } from './cgroups.ts'
import { currentUid } from './folders.ts'

interface Kinds {
  level: 'none' | 'bubblewrap'
  network: Isolation['network']
  /** Whose networks are an ordinary user's. */
  isSlirp: boolean
}

/** What separates sandboxes on this machine, said as it is. */
export function describeIsolation(kinds: Kinds, cgroups: Cgroups | undefined): Isolation {
  const has = (controller: 'memory' | 'cpu' | 'processes') => cgroups?.parents[controller] !== undefined
  const enforced = { memory: has('memory'), cpu: has('cpu'), processes: has('processes') }
  const unlimited = Object.entries(enforced).flatMap(([name, isEnforced]) => (isEnforced ? [] : [name]))
  return {
    level: kinds.level,
    summary: [summaryOf(kinds), unlimited.length === 0 ? [] : `Not limited: ${unlimited.join(', ')}.`].flat().join(' '),
    network: kinds.network,
    enforced,
  }
}

function summaryOf({ level, network, isSlirp }: Kinds): string {
  if (level === 'none') {
    const who = currentUid() === 0 ? 'as root' : 'as the user of this server'
    return `No isolation: sandboxes are plain processes that run ${who}, and can read its files, its secrets and each other.`
  }
  if (network === 'separate') {
    return isSlirp
      ? 'Separate files, processes and network; the kernel is shared, and an address that this machine gets while a sandbox runs can be reached from it.'
      : 'Separate files, processes and network; the kernel is shared.'
  }
  return 'Separate files and processes; the kernel and the network of this machine are shared.'
}
