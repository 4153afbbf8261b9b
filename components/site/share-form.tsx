'use client'

import { useState } from 'react'
import { EXPIRIES } from '#components/site/share-links-store.ts'
import type { ShareDraft } from '#components/site/share-links-store.ts'
import { Button } from '#components/ui/button.tsx'
import { Field } from '#components/ui/field.tsx'
import { Select } from '#components/ui/select.tsx'
import { Switch } from '#components/ui/switch.tsx'

/** What each role can do, in one line. */
export const ROLE_WORDS = {
  viewer: 'See files and their history, watch terminals, open previews. Change nothing.',
  editor: 'Edit files, use terminals, start and stop. Not share or delete.',
} as const

const ROLES = [
  { value: 'viewer', label: 'Viewer' },
  { value: 'editor', label: 'Editor' },
] as const

interface ShareFormProps {
  isCreating: boolean
  onCreate: (draft: ShareDraft) => void
}

/** A new link: role, how long, for whom. */
export function ShareForm({ isCreating, onCreate }: ShareFormProps) {
  const [draft, setDraft] = useState<ShareDraft>({ role: 'viewer', expiry: 'never', allowSignedOut: false })
  return (
    <form
      className="flex flex-col gap-3 rounded-lg border border-line bg-panel p-4"
      onSubmit={(event) => {
        event.preventDefault()
        onCreate(draft)
      }}
    >
      <div className="flex flex-col gap-3 sm:flex-row">
        <Field label="Role" className="grow" hint={ROLE_WORDS[draft.role]}>
          {(control) => (
            <Select
              {...control}
              value={draft.role}
              options={ROLES}
              onValueChange={(role) => setDraft({ ...draft, role })}
            />
          )}
        </Field>
        <Field label="Expiry" className="sm:w-44">
          {(control) => (
            <Select
              {...control}
              value={draft.expiry}
              options={EXPIRIES}
              onValueChange={(expiry) => setDraft({ ...draft, expiry })}
            />
          )}
        </Field>
      </div>
      <div className="flex flex-wrap items-end justify-between gap-3">
        <Switch
          label="Works without signing in"
          hint={draft.role === 'viewer' ? 'Whoever has the link can watch.' : 'Only for viewer links.'}
          disabled={draft.role !== 'viewer'}
          checked={draft.role === 'viewer' && draft.allowSignedOut}
          onCheckedChange={(allowSignedOut) => setDraft({ ...draft, allowSignedOut })}
        />
        <Button type="submit" variant="primary" isBusy={isCreating}>
          Create link
        </Button>
      </div>
    </form>
  )
}
