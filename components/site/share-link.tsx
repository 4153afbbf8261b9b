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
  /** Takes back what it gave to one person, or lets them in again. */
  onOut: (person: { personId: string; isOut: boolean }) => void
}

/** One link: what it gives, how long, who opened it, and the way to end it. */
export function ShareLink({ share, token, isRevoking, onRevoke, onOut }: ShareLinkProps) {
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
          {share.people.length === 0 && <p className="text-xs text-muted">Nobody signed in has opened it yet.</p>}
        </div>
        <Button size="sm" isBusy={isRevoking} aria-label={`Revoke the ${role.toLowerCase()} link`} onClick={onRevoke}>
          Revoke
        </Button>
      </div>
      {share.people.length > 0 && <People people={share.people} onOut={onOut} />}
      {token !== undefined && <NewLink token={token} />}
    </li>
  )
}

function People({ people, onOut }: Pick<ShareLinkProps, 'onOut'> & Pick<ShareView, 'people'>) {
  return (
    <ul aria-label="Opened by" className="flex flex-col">
      {people.map(({ id, name, isOut = false }) => (
        <li key={id} className="flex min-h-8 items-center gap-2 text-sm text-soft">
          <Avatar id={id} name={name} size="sm" />
          <span className="min-w-0 truncate">{name}</span>
          {isOut && <span className="shrink-0 text-xs text-muted">removed</span>}
          <Button
            size="sm"
            variant="ghost"
            className="ml-auto"
            aria-label={isOut ? `Let in again ${name}` : `Remove ${name}`}
            onClick={() => onOut({ personId: id, isOut: !isOut })}
          >
            {isOut ? 'Let in again' : 'Remove'}
          </Button>
        </li>
      ))}
    </ul>
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
