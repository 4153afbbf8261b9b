'use client'

import { MessagePage } from '#components/site/message-page.tsx'
import { Button } from '#components/ui/button.tsx'

export default function ErrorPage({ reset }: { reset: () => void }) {
  return (
    <MessagePage
      title="This page stopped working"
      action={{ href: '/repls', label: 'Your REPLs' }}
      before={
        <Button variant="primary" onClick={reset}>
          Try again
        </Button>
      }
    >
      Your files are safe: they live on the server, not in this page. If trying again does not help, reload it.
    </MessagePage>
  )
}
