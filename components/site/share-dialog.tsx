'use client'

import { useEffect, useMemo, useSyncExternalStore } from 'react'
import Link from 'next/link'
import { api, wireErrorOf } from '#components/api.ts'
import { ShareForm } from '#components/site/share-form.tsx'
import { ShareLink } from '#components/site/share-link.tsx'
import { createShareLinksStore } from '#components/site/share-links-store.ts'
import { Button } from '#components/ui/button.tsx'
import { Dialog } from '#components/ui/dialog.tsx'
import { ErrorState } from '#components/ui/error-state.tsx'
import { Skeleton } from '#components/ui/skeleton.tsx'

export interface ShareDialogProps {
  replId: string
  replName: string
  /** A loopback install: links work on this machine only, and the dialog says so. */
  isLocal: boolean
  open: boolean
  onOpenChange: (open: boolean) => void
}

/** Everything about sharing one repl. */
export function ShareDialog({ replName, isLocal, open, onOpenChange, replId }: ShareDialogProps) {
  return (
    <Dialog
      open={open}
      onOpenChange={onOpenChange}
      title={`Share ${replName}`}
      description="Anyone with a link can open this REPL in the role you give. You can take it back at any time."
    >
      {open && <ShareLinks replId={replId} isLocal={isLocal} />}
    </Dialog>
  )
}

function ShareLinks({ replId, isLocal }: { replId: string; isLocal: boolean }) {
  const store = useMemo(
    () =>
      createShareLinksStore({
        list: () => api().shares.list.query({ replId }),
        create: (input) => api().shares.create.mutate({ replId, ...input }),
        revoke: (shareId) => api().shares.revoke.mutate({ replId, shareId }),
        setOut: (person) => api().shares.setOut.mutate({ replId, ...person }),
        errorOf: wireErrorOf,
      }),
    [replId],
  )
  useEffect(() => void store.load(), [store])
  const { shares, error, isCreating, created, revoking } = useSyncExternalStore(
    store.subscribe,
    store.getSnapshot,
    store.getSnapshot,
  )
  return (
    <div className="flex flex-col gap-5 pb-2">
      {isLocal && (
        <p className="rounded-md border border-line bg-attention-soft px-3 py-2 text-sm text-soft">
          Devex runs on this machine only, where there is one account: of use to another browser here is a viewer link
          that works without signing in. To share with others, run it where they can reach it: see{' '}
          <Link href="/docs#deploy" className="font-medium text-accent-text underline underline-offset-2">
            Deploying
          </Link>
          .
        </p>
      )}
      <ShareForm isCreating={isCreating} onCreate={(draft) => void store.create(draft)} />
      {error !== undefined && (
        <ErrorState
          message={error.message}
          advice={error.advice}
          actions={<Button onClick={() => void store.load()}>Try again</Button>}
        />
      )}
      <section aria-label="Links" className="flex flex-col">
        <h3 className="mb-1 text-sm font-medium text-muted">Links</h3>
        {shares === undefined && error === undefined && <Skeleton className="h-13 w-full" />}
        {shares?.length === 0 && <p className="text-sm text-muted">No links yet. Only you can open this REPL.</p>}
        <ul className="divide-y divide-line">
          {(shares ?? (created === undefined ? [] : [created.share])).map((share) => (
            <ShareLink
              key={share.id}
              share={share}
              token={created?.share.id === share.id ? created.token : undefined}
              isRevoking={revoking.has(share.id)}
              onRevoke={() => void store.revoke(share.id)}
              onOut={(person) => void store.setOut({ shareId: share.id, ...person })}
            />
          ))}
        </ul>
      </section>
    </div>
  )
}
