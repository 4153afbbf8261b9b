import type { NextConfig } from 'next'

/** The content security policy differs per request (nonce): see `proxy.ts`. */
const HEADERS = [
  { key: 'Referrer-Policy', value: 'no-referrer' },
  { key: 'X-Content-Type-Options', value: 'nosniff' },
  { key: 'X-Frame-Options', value: 'DENY' },
  { key: 'Cross-Origin-Opener-Policy', value: 'same-origin' },
  { key: 'Permissions-Policy', value: 'camera=(), microphone=(), geolocation=(), payment=(), usb=()' },
]

const config: NextConfig = {
  reactStrictMode: true,
  poweredByHeader: false,
  // Pictures are few and our own: no optimiser, hence no native dependency.
  images: { unoptimized: true },
  serverExternalPackages: ['node-pty', 'ws'],
  headers: async () => [{ source: '/:path*', headers: HEADERS }],
}

export default config
