'use client'

import { useState } from 'react'
import { timeAgo, timeUntil } from '#components/site/relative-time.ts'
import { Avatar } from '#components/ui/avatar.tsx'
import { Badge } from '#components/ui/badge.tsx'
import { Button } from '#components/ui/button.tsx'
import { CopyField } from '#components/ui/copy-field.tsx'
import type { ShareView } from '#server/repls/views.ts'

interface ShareLinkProps {
  share: ShareView
  /** Of a link just made; afterwards nobody can read it again. */
  token: string | undefined
  isRevoking: boolean
  onRevoke: () => void
}

/** One link: what it gives, how long, who opened it, and the way to end it. */
export function ShareLink({ share, token, isRevoking, onRevoke }: ShareLinkProps) {
  const [now] = useState(() => Date.now())
  const role = share.role === 'viewer' ? 'Viewer' : 'Editor'
  const expiry =
    share.expiresAt === undefined
      ? 'never expires'
      : share.expiresAt <= now
        ? 'expired'
        : `expires ${timeUntil(share.expiresAt, now)}`
  return (
    <li className="flex flex-col gap-2 py-3">
      <div className="flex items-center gap-3">
        <div className="min-w-0 grow">
          <p className="flex flex-wrap items-center gap-x-2 text-sm text-text">
            <span className="font-medium">{role} link</span>
            {share.allowSignedOut && <Badge>No sign-in</Badge>}
            <span className="text-muted">
              made {timeAgo(share.createdAt, now)}, {expiry}
            </span>
          </p>
          <OpenedBy people={share.people} />
        </div>
        <Button size="sm" isBusy={isRevoking} aria-label={`Revoke the ${role.toLowerCase()} link`} onClick={onRevoke}>
          Revoke
        </Button>
      </div>
      {token !== undefined && <NewLink token={token} />}
    </li>
  )
}

function OpenedBy({ people }: { people: ShareView['people'] }) {
  if (people.length === 0) return <p className="text-xs text-muted">Nobody signed in has opened it yet.</p>
  return (
    <p className="mt-1 flex flex-wrap items-center gap-x-2 gap-y-1 text-xs text-muted">
      Opened by
      {people.map((person) => (
        <span key={person.id} className="inline-flex items-center gap-1 text-soft">
          <Avatar id={person.id} name={person.name} size="sm" />
          <span aria-hidden>{person.name}</span>
        </span>
      ))}
    </p>
  )
}

function NewLink({ token }: { token: string }) {
  const url = new URL(`/s/${token}`, window.location.origin).href
  return (
    <div className="rounded-md bg-accent-soft p-2">
      <CopyField text={url} label="Share link" copy={{ label: 'Copy link', variant: 'primary' }} />
      <p className="mt-1.5 px-0.5 text-xs text-soft">Copy it now: for safety it is shown only this once.</p>
    </div>
  )
}
