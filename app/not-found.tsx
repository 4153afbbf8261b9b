import type { Metadata } from 'next'
import { MessagePage } from '#components/site/message-page.tsx'

export const metadata: Metadata = { title: 'Not found' }

export default function NotFound() {
  return (
    <MessagePage title="Nothing is here" action={{ href: '/repls', label: 'Your REPLs' }}>
      The address may be mistyped, the REPL deleted, or its owner may have stopped sharing it with you. If you came by a
      link and have signed in since, open that link once more.
    </MessagePage>
  )
}
