/** Where the line to a REPL's runner begins. */
export function socketUrl(replId: string): string {
  const url = new URL(`/r/${replId}/socket`, window.location.href)
  url.protocol = url.protocol.replace('http', 'ws')
  return url.href
}
