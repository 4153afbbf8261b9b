// Serves this folder, and tells open pages to reload when a file changes.
import { watch } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { extname, join, normalize } from 'node:path'

const port = Number(process.env.PORT ?? 3000)
const types = {
  '.html': 'text/html', '.css': 'text/css', '.js': 'text/javascript', '.mjs': 'text/javascript', '.json': 'application/json',
  '.svg': 'image/svg+xml', '.png': 'image/png', '.jpg': 'image/jpeg', '.webp': 'image/webp', '.ico': 'image/x-icon',
}
const reload = '<script>new EventSource("/__reload").onmessage = () => location.reload()</script>'
const pages = new Set()

watch('.', { recursive: true }, () => {
  for (const page of pages) page.write('data: reload\n\n')
})

createServer(async (request, response) => {
  const { pathname } = new URL(request.url, 'http://localhost')
  if (pathname === '/__reload') {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' }).flushHeaders()
    pages.add(response)
    response.on('close', () => pages.delete(response))
    return
  }
  try {
    const file = join('.', normalize(decodeURIComponent(pathname)), pathname.endsWith('/') ? 'index.html' : '')
    const body = await readFile(file)
    const type = types[extname(file)] ?? 'application/octet-stream'
    response.writeHead(200, { 'content-type': `${type}; charset=utf-8`, 'cache-control': 'no-store' })
    response.end(type === 'text/html' ? body + reload : body)
  } catch {
    response.writeHead(404, { 'content-type': 'text/plain' }).end(`${pathname} is not here.`)
  }
}).listen(port, '127.0.0.1', () => console.log(`Listening on http://localhost:${port}`))
