import type { Metadata } from 'next'
import { MessagePage } from '#components/site/message-page.tsx'

export const metadata: Metadata = { title: 'Link not opened' }

export default function Page() {
  return (
    <MessagePage title="Too many people open this link at once" action={{ href: '/signin', label: 'Sign in' }}>
      Open the link again in a minute; it is still good. Who is signed in need not wait.
    </MessagePage>
  )
}
