import { createHash } from 'node:crypto'

/**
 * Addresses of sandboxes: pairs from 198.18.0.0/15, which is set aside for benchmarks (RFC 2544) and so is nobody's LAN.
 * They never leave the machine: NAT replaces them.
 */
const FIRST_ADDRESS = 0xc6_12_00_00
const PAIRS = 32_768
const ADDRESSES_PER_PAIR = 4

/** All our links begin with it. */
export const LINK_PREFIX = 'devex'

export interface Pair {
  /** The host's end of the cable. Its name is machine-wide: who makes it has the pair. At most 15 characters. */
  link: string
  /** The host's end, which is the sandbox's gateway. */
  gateway: string
  /** The sandbox's end. */
  address: string
}

/** The pair to try in the nth attempt: spread by the sandbox's id, so that control planes seldom meet. */
export function pairOf(sandboxId: string, attempt: number): Pair {
  const start = createHash('sha256').update(sandboxId).digest().readUInt32BE(0)
  const number = (start + attempt) % PAIRS
  const base = FIRST_ADDRESS + number * ADDRESSES_PER_PAIR
  return {
    link: `${LINK_PREFIX}${number.toString(16).padStart(4, '0')}`,
    gateway: dotted(base + 1),
    address: dotted(base + 2),
  }
}

function dotted(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 0xff).join('.')
}
