import type { Metadata } from 'next'
import { MessagePage } from '#components/site/message-page.tsx'

export const metadata: Metadata = { title: 'Link gone' }

export default function Page() {
  return (
    <MessagePage title="This link does not work any more" action={{ href: '/repls', label: 'Your REPLs' }}>
      It has expired, was revoked, or was never complete. Ask whoever sent it for a new one.
    </MessagePage>
  )
}
