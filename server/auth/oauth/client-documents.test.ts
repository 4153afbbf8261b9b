import { once } from 'node:events'
import { request } from 'node:http'
import { createServer } from 'node:net'
import { expect, test } from 'vitest'
import { MAX_DOCUMENT_BYTES } from '#server/auth/oauth/limits.ts'
import { allowsDocument, documentOf, fetchDocument, isPublicAddress } from '#server/auth/oauth/client-documents.ts'

test.each([
  ['127.0.0.1', 4],
  ['10.1.2.3', 4],
  ['169.254.169.254', 4],
  ['100.64.0.1', 4],
  ['0.0.0.0', 4],
  ['224.0.0.1', 4],
  ['::1', 6],
  ['::ffff:127.0.0.1', 6],
  ['fd00::1', 6],
  ['fe80::1', 6],
  ['64:ff9b::a00:1', 6],
  ['2002:7f00:1::', 6],
])('%s is not on the public internet', (address, family) => {
  expect(isPublicAddress(address, family)).toBe(false)
})

test('public addresses are', () => {
  expect([isPublicAddress('160.79.104.10', 4), isPublicAddress('2607:6bc0::10', 6)]).toEqual([true, true])
})

test.each([
  'http://claude.ai/x',
  'https://127.0.0.1/x',
  'https://[::1]/x',
  'https://2130706433/x',
  'https://localhost/x',
  'https://claude.ai:8443/x',
  'https://a@claude.ai/x',
  'https://claude.ai/x?y',
  'nonsense',
])('no document is fetched from %s', (clientId) => {
  expect(allowsDocument(clientId)).toBe(false)
})

test('those of real clients are', () => {
  expect(allowsDocument('https://claude.ai/oauth/claude-code-client-metadata')).toBe(true)
  expect(allowsDocument('https://chatgpt.com/oauth/codex/client.json')).toBe(true)
})

test('a name that leads into our own network is not connected to', async () => {
  await expect(fetchDocument(new URL('https://localhost/x'))).rejects.toMatchObject({
    message: 'localhost is not on the public internet.',
  })
  for (const address of ['127.0.0.1', '[::1]', '10.0.0.1', '0x7f.1'])
    await expect(fetchDocument(new URL(`https://${address}/x`))).rejects.toMatchObject({ code: 'forbidden' })
  await expect(fetchDocument(new URL('http://example.com/x'))).rejects.toMatchObject({ code: 'bad_request' })
})

/** What comes of a document at a host that answers with these very bytes. */
async function answered(bytes: string): Promise<Response> {
  const server = createServer((socket) => void socket.on('error', () => undefined).end(bytes))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  try {
    return await documentOf(request({ host: '127.0.0.1', port: address.port, agent: false }))
  } finally {
    server.close()
  }
}

test('a document comes with what says how long it is good, and nothing else', async () => {
  const document = await answered('HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nSet-Cookie: a=b\r\n\r\n{"a":1}')
  expect(await document.json()).toEqual({ a: 1 })
  expect(Object.fromEntries(document.headers)).toEqual({ 'cache-control': 'max-age=60' })
})

test.each([
  'HTTP/1.1 204 No Content\r\n\r\n',
  'HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n',
  'HTTP/1.1 304 Not Modified\r\n\r\n',
  'HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\n\r\n',
  'HTTP/1.1 404 Not Found\r\n\r\n{}',
  'HTTP/1.1 700 Other\r\n\r\n{}',
  'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\n',
])('an answer that is no document is refused at once: %j', async (bytes) => {
  await expect(answered(bytes)).rejects.toMatchObject({ code: 'bad_request' })
})

test('a document that is too large, or breaks off, is none', async () => {
  const long = 'x'.repeat(MAX_DOCUMENT_BYTES + 1)
  await expect(answered(`HTTP/1.1 200 OK\r\n\r\n${long}`)).rejects.toMatchObject({ code: 'too_large' })
  await expect(answered('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}')).rejects.toMatchObject({ code: 'ECONNRESET' })
  await expect(answered('')).rejects.toMatchObject({ code: 'ECONNRESET' })
})
