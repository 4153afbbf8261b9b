import * as z from 'zod'

/** `host:port`, the host an IPv4 address or a name. */
export interface ListenAddress {
  host: string
  port: number
}

/** Reads `host:port`. */
export const listenAddressSchema = z.string().transform((text, context): ListenAddress => {
  const [, host, digits] = /^([\w.-]+):(\d{1,5})$/.exec(text) ?? []
  const port = Number(digits)
  if (host !== undefined && port <= 65_535) return { host, port }
  context.addIssue('not an address of the form host:port')
  return z.NEVER
})
