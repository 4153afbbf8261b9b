/**
 * A network of its own for an ordinary user's sandbox: a namespace whose packets slirp4netns, a process of the same user,
 * carries out as connections of its own (https://github.com/rootless-containers/slirp4netns).
 */
import { networkInterfaces } from 'node:os'
import { runTool } from '../run-tool.ts'
import { resolvConf } from './resolvers.ts'
import type { Resolvers } from './resolvers.ts'
import { CLOSED_RANGES } from './rules.ts'

/** slirp4netns's own addresses: the way out, and the name server that asks the machine's. */
const GATEWAY = '10.0.2.2'
const NAME_SERVER = '10.0.2.3'

/** Where a sandbox's packets may not go, and what is let through nevertheless. */
export interface SlirpRoutes {
  closed: string[]
  open: string[]
}

/**
 * What is closed: loopback (by slirp4netns itself), private ranges, and the addresses that this machine has now. The
 * company's proxies stay open, with all their ports: routes know none.
 */
export function slirpRoutes(proxies: { address: string }[]): SlirpRoutes {
  const open = [...new Set(proxies.map(({ address }) => address))]
  const own = Object.values(networkInterfaces()).flatMap((all) => all ?? [])
  const addresses = own.filter(({ family, internal }) => family === 'IPv4' && !internal).map(({ address }) => address)
  return {
    closed: [...CLOSED_RANGES, ...addresses.filter((address) => !open.includes(address)).map((one) => `${one}/32`)],
    open,
  }
}

/** What is missing for it, told at once; the trial of a whole sandbox would wait for its time limit. */
export async function whyNoSlirp(): Promise<string | undefined> {
  try {
    await runTool(['unshare', '--user', '--map-root-user', '--net', '--', 'ip', 'link'])
    await runTool(['slirp4netns', '--version'])
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

export function slirpResolvConf({ rest }: Resolvers): string {
  return resolvConf({ servers: [NAME_SERVER], rest }, GATEWAY)
}

/**
 * The arguments are the command to run in the network. Its shell waits for `ready` before it goes on. Everything carries
 * the sandbox's marker, so whatever is left of it is found; if slirp4netns ends, this shell does, and the part with it.
 */
const AROUND = `
set -eu
NETWORK_DIR=$(mktemp -d)
export NETWORK_DIR
mkfifo "$NETWORK_DIR/made" "$NETWORK_DIR/ready"
unshare --user --map-root-user --net -- "$@" &
part=$!
read -r made < "$NETWORK_DIR/made"
exec 3>&-
(
  trap 'kill "$slirp"; exit' TERM
  slirp4netns --configure --mtu=65520 --disable-host-loopback --ready-fd=4 "$part" tap0 4> "$NETWORK_DIR/ready" &
  slirp=$!
  wait "$slirp" || true
  kill "$$"
) > /dev/null &
watch=$!
code=0
wait "$part" || code=$?
kill "$watch" || true
wait "$watch" || true
exit "$code"
`

/** The shell's steps inside, before the part: waits for the network, then closes it. For `PREPARE` of `launch.ts`. */
export const INSIDE_STEPS = `
    network)
      echo made > "$NETWORK_DIR/made"
      ready=; read -r ready < "$NETWORK_DIR/ready" || [ "$ready" = 1 ]
      rm -r "$NETWORK_DIR"; shift ;;
    closed) ip route add unreachable "$2"; shift 2 ;;
    open) ip route add "$2" via ${GATEWAY}; shift 2 ;;`

/** What `PREPARE` is told. */
export function insideSteps({ closed, open }: SlirpRoutes): string[] {
  return ['network', ...closed.flatMap((range) => ['closed', range]), ...open.flatMap((one) => ['open', one])]
}

/** Wraps a command, whose first steps are `insideSteps`, into a network of its own. */
export function inSlirp(command: string[]): string[] {
  return ['/bin/sh', '-c', AROUND, 'devex-network', ...command]
}
