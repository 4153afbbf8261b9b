import { createHash } from 'node:crypto'

/**
 * Addresses of ours: pairs from 198.18.0.0/15, which is set aside for benchmarks (RFC 2544) and so is nobody's LAN. They
 * never leave the machine: NAT replaces them. The lower half is for cables between the machine and its routers, the upper
 * half for those between a router and its sandboxes; each router has the upper half to itself.
 */
const FIRST_ADDRESS = { machine: 0xc6_12_00_00, router: 0xc6_13_00_00 } as const
const PAIRS = 16_384
const ADDRESSES_PER_PAIR = 4

/** How the names of links begin. */
const PREFIX = { machine: 'devex', router: 'sandbox' } as const

/** The two ends of a cable. */
export interface Pair {
  /** The upper end. Its name is the only one of its kind there: who makes it has the pair. At most 15 characters. */
  link: string
  /** The upper end, which is the other one's gateway. */
  gateway: string
  /** The lower end. */
  address: string
}

/** Where a cable's upper end is: in the machine's own network, or in a router. */
export type Upper = keyof typeof FIRST_ADDRESS

/** The pair to try in the nth attempt: spread by `name`, so that attempts seldom meet. */
export function pairOf(upper: Upper, name: string, attempt: number): Pair {
  const start = createHash('sha256').update(name).digest().readUInt32BE(0)
  return numbered(upper, (start + attempt) % PAIRS)
}

/** Whether a link of a router leads to a sandbox. */
export function isSandboxLink(link: string): boolean {
  return link.startsWith(PREFIX.router)
}

/** The pair of a link of ours in the machine's network; `undefined` for everybody else's. */
export function pairOfLink(link: string): Pair | undefined {
  const [, number] = new RegExp(`^${PREFIX.machine}([0-9a-f]{4})$`).exec(link) ?? []
  return number === undefined ? undefined : numbered('machine', Number.parseInt(number, 16))
}

function numbered(upper: Upper, number: number): Pair {
  const base = FIRST_ADDRESS[upper] + number * ADDRESSES_PER_PAIR
  return {
    link: `${PREFIX[upper]}${number.toString(16).padStart(4, '0')}`,
    gateway: dotted(base + 1),
    address: dotted(base + 2),
  }
}

function dotted(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 0xff).join('.')
}
