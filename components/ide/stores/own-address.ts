const OWN_HOSTS = new Set(['localhost', '127.0.0.1', '0.0.0.0', '[::1]', '[::]'])

/** Where a program in the REPL says that it listens: in the browser the same name is the visitor's own machine. */
export function ownAddress(url: string): { port: number; path: string } | undefined {
  const { protocol, hostname, port, pathname, search, hash } = new URL(url)
  if (protocol !== 'http:' || !OWN_HOSTS.has(hostname)) return undefined
  return { port: port === '' ? HTTP_PORT : Number(port), path: pathname + search + hash }
}

const HTTP_PORT = 80
