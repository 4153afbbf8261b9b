import { readProc } from './proc.ts'

/** A TCP socket that listens. */
export interface Listening {
  port: number
  address: string
  inode: number
}

const LISTEN_STATE = '0A'

/** Rows of `/proc/net/tcp` or `tcp6` (proc_net_tcp(5)) that listen. */
export function parseListening(table: string): Listening[] {
  return table
    .split('\n')
    .slice(1)
    .flatMap((line) => {
      const fields = line.trim().split(/\s+/)
      const [hexAddress = '', hexPort = ''] = (fields[1] ?? '').split(':')
      if (fields[3] !== LISTEN_STATE || hexPort === '') return []
      return [{ port: Number.parseInt(hexPort, 16), address: addressOf(hexAddress), inode: Number(fields[9]) }]
    })
}

/** Everything that listens in this network namespace. */
export async function readListening(): Promise<Listening[]> {
  const [four, six] = await Promise.all([readProc('net/tcp'), readProc('net/tcp6')])
  return [...parseListening(four ?? ''), ...parseListening(six ?? '')]
}

/** The kernel prints an address as 32-bit words in the machine's byte order (little-endian where Node runs). */
function addressOf(hex: string): string {
  const bytes = (hex.match(/.{8}/g) ?? []).flatMap((word) => [...Buffer.from(word, 'hex')].reverse())
  if (bytes.length === 4) return bytes.join('.')
  if (bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 0xff) return bytes.slice(12).join('.')
  const groups = Array.from({ length: 8 }, (_, i) =>
    (((bytes[2 * i] ?? 0) << 8) | (bytes[2 * i + 1] ?? 0)).toString(16),
  )
  return groups.join(':').replace(/(^|:)0(:0)+(:|$)/, '::')
}
