/**
 * Whether a request came from a page of ours. `origin` and `host` are its headers; a browser sets `Origin` on everything
 * that can change something, and no page can forge it. A missing one is not ours.
 */
export function isOwnOrigin(
  { origin, host }: { origin: string | null | undefined; host: string | null | undefined },
  publicUrl: URL,
): boolean {
  if (origin === null || origin === undefined || !URL.canParse(origin)) return false
  const from = new URL(origin)
  return (
    from.origin === publicUrl.origin ||
    ((from.protocol === 'http:' || from.protocol === 'https:') && from.host === host)
  )
}
