import { readFile } from 'node:fs/promises'
import { isIPv4 } from 'node:net'

/** Where names are looked up, as `resolv.conf` says it (resolv.conf(5)). */
export interface Resolvers {
  servers: string[]
  /** `search` and `options` lines, kept as they are. */
  rest: string[]
}

const HOST_FILE = '/etc/resolv.conf'

/** systemd-resolved: the servers behind its stub on loopback. */
const UPSTREAM_FILE = '/run/systemd/resolve/resolv.conf'

/** The machine's own name servers; those behind a loopback stub where they are known. */
export async function readResolvers(): Promise<Resolvers> {
  const own = parseResolvers(await readFile(HOST_FILE, 'utf8').catch(() => ''))
  if (!own.servers.every(isLoopback)) return own
  const upstream = parseResolvers(await readFile(UPSTREAM_FILE, 'utf8').catch(() => ''))
  return upstream.servers.length > 0 ? upstream : own
}

/** Sandboxes have no IPv6 of their own, so only IPv4 servers count. */
export function parseResolvers(text: string): Resolvers {
  const lines = text.split('\n').map((line) => line.trim())
  return {
    servers: lines.flatMap((line) => {
      const [keyword, address = ''] = line.split(/\s+/)
      return keyword === 'nameserver' && isIPv4(address) ? [address] : []
    }),
    rest: lines.filter((line) => /^(search|domain|options)\s/.test(line)),
  }
}

export function isLoopback(address: string): boolean {
  return address.startsWith('127.')
}

/** `resolv.conf` of a sandbox. A server on the machine's loopback is reached through the sandbox's gateway. */
export function resolvConf(resolvers: Resolvers, gateway: string): string {
  const servers = resolvers.servers.map((server) => (isLoopback(server) ? gateway : server))
  return [...[...new Set(servers)].map((server) => `nameserver ${server}`), ...resolvers.rest, ''].join('\n')
}
