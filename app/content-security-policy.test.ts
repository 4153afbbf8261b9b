import { expect, test } from 'vitest'
import { contentSecurityPolicy } from './content-security-policy.ts'

const BASE = { nonce: 'abc', host: 'localhost:3000', previewDomain: undefined }

function directive(name: string, options = BASE): string | undefined {
  return contentSecurityPolicy(options)
    .split('; ')
    .find((part) => part.startsWith(`${name} `))
}

test('scripts run by nonce only: nothing inline, nothing evaluated, nothing because of where it lies', () => {
  expect(directive('script-src')).toBe("script-src 'nonce-abc' 'strict-dynamic'")
})

test('a page talks to its own host only and embeds previews only', () => {
  expect(directive('connect-src')).toBe("connect-src 'self' ws://localhost:3000 wss://localhost:3000")
  expect(directive('frame-src')).toBe('frame-src http://*.localhost:* https://*.localhost:*')
  expect(directive('frame-ancestors')).toBe("frame-ancestors 'none'")
})

test('a forged host header adds nothing', () => {
  expect(directive('connect-src', { ...BASE, host: "a; script-src 'unsafe-inline'" })).toBe("connect-src 'self'")
})
