import type { MetadataRoute } from 'next'

/** Installed as an app, the browser leaves more keys to the editor. */
export default function manifest(): MetadataRoute.Manifest {
  return {
    name: 'Devex',
    short_name: 'Devex',
    description: 'A cloud development environment of your own.',
    start_url: '/repls',
    display: 'standalone',
    background_color: '#0b0c0f',
    theme_color: '#0b0c0f',
    icons: [
      { src: '/icon.svg', sizes: 'any', type: 'image/svg+xml' },
      { src: '/icon-192.png', sizes: '192x192', type: 'image/png' },
      { src: '/icon-512.png', sizes: '512x512', type: 'image/png' },
      { src: '/icon-maskable-512.png', sizes: '512x512', type: 'image/png', purpose: 'maskable' },
    ],
  }
}
