import type { Metadata } from 'next'
import { MessagePage } from '#components/site/message-page.tsx'

export const metadata: Metadata = { title: 'Link not opened' }

export default function Page() {
  return (
    <MessagePage title="The link could not be opened" action={{ href: '/repls', label: 'Your REPLs' }}>
      The server had a problem with it. Open the link again in a moment; it is still good.
    </MessagePage>
  )
}
