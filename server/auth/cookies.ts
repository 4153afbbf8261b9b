/** The cookies of a `Cookie` header (RFC 6265 §5.4): first value of each name, percent-decoded where that is possible. */
export function parseCookies(header: string | null | undefined): Record<string, string> {
  const cookies: Record<string, string> = {}
  for (const pair of (header ?? '').split(';')) {
    const separator = pair.indexOf('=')
    if (separator < 1) continue
    const name = pair.slice(0, separator).trim()
    if (!Object.hasOwn(cookies, name)) cookies[name] = decode(pair.slice(separator + 1).trim())
  }
  return cookies
}

function decode(value: string): string {
  try {
    return decodeURIComponent(value)
  } catch {
    return value
  }
}
