import type { Metadata, Viewport } from 'next'
import { headers } from 'next/headers'
import type { ReactNode } from 'react'
import { Providers } from '#components/site/providers.tsx'
import './globals.css'

export const metadata: Metadata = {
  title: { default: 'Devex', template: '%s · Devex' },
  description:
    'A cloud development environment of your own: code in the browser, together, on your machine or cluster.',
  applicationName: 'Devex',
  robots: { index: false },
  referrer: 'no-referrer',
}

export const viewport: Viewport = {
  themeColor: [
    { media: '(prefers-color-scheme: light)', color: '#ffffff' },
    { media: '(prefers-color-scheme: dark)', color: '#0b0c0f' },
  ],
}

/** Every page carries the nonce of its own request, so none is made at build time. */
export const dynamic = 'force-dynamic'

export default async function Layout({ children }: { children: ReactNode }) {
  const nonce = (await headers()).get('x-nonce') ?? undefined
  return (
    <html lang="en" suppressHydrationWarning>
      <head>
        {/* Not async: they run before the first paint, and before the first click. */}
        <script src="/theme.js" async={false} nonce={nonce} suppressHydrationWarning />
        <script src="/early-clicks.js" async={false} nonce={nonce} suppressHydrationWarning />
      </head>
      <body>
        <Providers>{children}</Providers>
      </body>
    </html>
  )
}
