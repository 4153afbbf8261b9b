import { expect, test } from 'vitest'
import { allowsDocument, fetchDocument, isPublicAddress } from '#server/auth/oauth/client-documents.ts'

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
