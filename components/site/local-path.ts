const ANY_ORIGIN = 'http://devex.invalid'

/** `value` if it is a path of this site, else `fallback`: where to go after signing in must never be another site. */
export function localPath(value: string | undefined, fallback: string): string {
  if (value === undefined || !/^\/(?![/\\])/.test(value)) return fallback
  const url = URL.parse(value, ANY_ORIGIN)
  if (url === null || url.origin !== ANY_ORIGIN || url.pathname === '/signin') return fallback
  return `${url.pathname}${url.search}${url.hash}`
}
