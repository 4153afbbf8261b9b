import { createServer } from 'node:http'

const port = Number(process.env.PORT ?? 3000)
const greeting = 'Hello from Node.js'

const page = () => `<!doctype html>
<html lang="en">
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width">
  <title>${greeting}</title>
  <style>
    body { margin: 0; min-height: 100vh; display: grid; place-items: center; font: 1.1rem/1.6 system-ui; color: #e8f3ec; background: radial-gradient(circle at 30% 20%, #1f5c3d, #0b1f16); }
    main { padding: 2rem; text-align: center; }
    h1 { margin: 0; font-size: clamp(2rem, 8vw, 4rem); letter-spacing: -0.03em; }
    code { padding: 0.1em 0.4em; border-radius: 0.3em; background: #ffffff1f; }
  </style>
  <main>
    <h1>${greeting}</h1>
    <p>Edit <code>index.js</code> and reload: the server restarts when you save.</p>
  </main>
</html>`

const server = createServer((request, response) => {
  if (request.url === '/api/time') {
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ time: new Date().toISOString() }))
    return
  }
  response.setHeader('content-type', 'text/html; charset=utf-8')
  response.end(page())
})

server.listen(port, '127.0.0.1', () => console.log(`Listening on http://localhost:${port}`))
