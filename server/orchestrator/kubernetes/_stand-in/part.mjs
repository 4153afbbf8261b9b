import { createServer } from 'node:https'
import { readFileSync } from 'node:fs'
import { execFile } from 'node:child_process'

const [host, port] = (process.env.SIDECAR_LISTEN ?? process.env.RUNNER_LISTEN).split(':')
const read = (name) => readFileSync(`${process.env.TLS_DIR}/${name}`)
createServer({ cert: read('tls.crt'), key: read('tls.key') }, (request, response) => {
  if (request.method === 'GET') return response.end(JSON.stringify({ pid: process.pid }))
  let command = ''
  request.setEncoding('utf8').on('data', (chunk) => (command += chunk))
  request.once('end', () => {
    execFile('/bin/sh', ['-c', command], { timeout: 30_000, maxBuffer: 1e8 }, (error, stdout, stderr) =>
      response.end(JSON.stringify({ code: error === null ? 0 : (error.code ?? null), output: stdout + stderr })),
    )
  })
}).listen(Number(port), host)
process.on('SIGTERM', () => process.exit(0))
