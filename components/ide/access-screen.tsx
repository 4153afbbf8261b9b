'use client'

import Link from 'next/link'
import { LogIn, ShieldOff } from 'lucide-react'
import { Button } from '#components/ui/button.tsx'
import { EmptyState } from '#components/ui/empty-state.tsx'
import { useStore, useWorkbench } from './use-workbench.tsx'

/** The last page of somebody who may not look any more, or whom the server no longer knows. */
export function AccessScreen({ because }: { because: 'removed' | 'signed-out' }) {
  const workbench = useWorkbench()
  const unsaved = useStore(workbench.documents.unsaved)
  if (because === 'signed-out') {
    const back = encodeURIComponent(`/r/${workbench.replId}`)
    return (
      <EmptyState
        isPage
        icon={<LogIn />}
        title="You are signed out"
        actions={
          <Button asChild variant="primary">
            <a href={`/signin?callbackUrl=${back}`}>Sign in again</a>
          </Button>
        }
      >
        Sign in to go on where you were.
        {unsaved.length > 0 && ' What you typed and is not saved yet is kept in this browser.'}
      </EmptyState>
    )
  }
  return (
    <EmptyState
      isPage
      icon={<ShieldOff />}
      title="Your access to this REPL was removed"
      actions={
        <Button asChild>
          <Link href="/repls">Back to your REPLs</Link>
        </Button>
      }
    >
      The link was revoked or has expired, or the REPL was deleted. Ask its owner for a new link.
    </EmptyState>
  )
}
