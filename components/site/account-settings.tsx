'use client'

import { useState } from 'react'
import { avatarUrl } from '#components/site/account-menu.tsx'
import { signOut } from '#components/site/sign-in.ts'
import { Avatar } from '#components/ui/avatar.tsx'
import { Badge } from '#components/ui/badge.tsx'
import { Button } from '#components/ui/button.tsx'
import type { AccountView } from '#server/repls/views.ts'

/** Who is signed in, what they may have, and the way out. */
export function AccountSettings({ account }: { account: AccountView }) {
  const [isBusy, setIsBusy] = useState(false)
  const [failure, setFailure] = useState<string>()
  const leave = async () => {
    setIsBusy(true)
    setFailure(await signOut())
    setIsBusy(false)
  }
  return (
    <div className="flex flex-col gap-4">
      <div className="flex items-center gap-3">
        <Avatar id={account.id} name={account.name} imageUrl={avatarUrl(account)} size="lg" />
        <div className="min-w-0">
          <p className="flex items-center gap-2 text-base font-medium">
            <span className="truncate">{account.name}</span>
            {account.isAdmin && <Badge>Admin</Badge>}
          </p>
          <p className="text-sm text-muted">
            {account.isLocal ? 'Signed in on this machine' : 'Signed in with GitHub'}
          </p>
        </div>
      </div>
      <p className="text-sm text-muted">
        You can have <span className="tabular-nums text-soft">{account.limits.repls}</span> REPLs, and{' '}
        <span className="tabular-nums text-soft">{account.limits.running}</span> of them running at a time.
      </p>
      <div>
        <Button isBusy={isBusy} onClick={() => void leave()}>
          Sign out
        </Button>
        {failure !== undefined && (
          <p role="alert" className="mt-2 text-sm text-failed">
            {failure}
          </p>
        )}
      </div>
    </div>
  )
}
