import { readFile } from 'node:fs/promises'

/** Linux says of each connection which timer runs, and until when (in hundredths of a second). */
const KEEP_ALIVE_TIMER = '02'
const TICK_MS = 10

/** In how long the other end of this machine's connection from `localPort` is probed; `undefined` if it is not. */
export async function probedInMs(localPort: number): Promise<number | undefined> {
  const local = `0100007F:${localPort.toString(16).toUpperCase().padStart(4, '0')}`
  const lines = (await readFile('/proc/net/tcp', 'utf8')).split('\n').map((line) => line.trim().split(/\s+/))
  const [timer, ticks] = lines.find((fields) => fields[1] === local)?.[5]?.split(':') ?? []
  return timer === KEEP_ALIVE_TIMER ? Number.parseInt(ticks ?? '', 16) * TICK_MS : undefined
}
