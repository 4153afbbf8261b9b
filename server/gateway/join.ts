import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { GatewayLimits } from '#server/gateway/limits.ts'

/** Pipes raw bytes both ways, each way at the pace of its reader, until both have ended or one has failed. */
export function joinStreams(a: Duplex, b: Duplex, limits: GatewayLimits): void {
  tune(a, limits)
  tune(b, limits)
  a.pipe(b)
  b.pipe(a)
  endTogether(a, b, limits)
  endTogether(b, a, limits)
}

/** Small writes go out at once, dead peers are noticed, and no idle time of the HTTP server applies any more. */
export function tune(stream: Duplex, limits: GatewayLimits): void {
  if (!(stream instanceof Socket)) return
  stream.setNoDelay(true)
  stream.setKeepAlive(true, limits.keepAliveMs)
  stream.setTimeout(0)
}

/** When `from` has failed, `to` is cut. When it has ended well, `to` gets all of the rest, then a bounded time to end too. */
function endTogether(from: Duplex, to: Duplex, limits: GatewayLimits): void {
  to.once('finish', () => {
    const timer = setTimeout(() => {
      from.destroy()
      to.destroy()
    }, limits.lingerMs)
    timer.unref()
    to.once('close', () => clearTimeout(timer))
  })
  from.on('error', () => to.destroy())
  from.once('close', () => {
    if (!from.readableEnded) to.destroy()
  })
}
