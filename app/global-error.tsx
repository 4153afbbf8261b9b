'use client'

import { MessagePage } from '#components/site/message-page.tsx'
import { Button } from '#components/ui/button.tsx'
import './globals.css'

export default function GlobalError({ reset }: { reset: () => void }) {
  return (
    <html lang="en">
      <body>
        <title>Devex stopped working</title>
        <MessagePage
          title="Devex stopped working"
          action={{ href: '/', label: 'First page' }}
          before={
            <Button variant="primary" onClick={reset}>
              Try again
            </Button>
          }
        >
          Your files are safe: they live on the server, not in this page.
        </MessagePage>
      </body>
    </html>
  )
}
