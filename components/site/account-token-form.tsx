'use client'

import { useEffect, useRef, useState } from 'react'
import { api, wireErrorOf } from '#components/api.ts'
import { Button } from '#components/ui/button.tsx'
import { NewToken } from '#components/site/new-token.tsx'
import { TokenForm } from '#components/site/token-form.tsx'
import type { TokenRight } from '#components/site/token-form.tsx'
import type { ConnectionView } from '#server/agents/agents.ts'

const RIGHTS = [
  { value: 'see', label: 'See REPLs', scopes: ['account:read'] },
  { value: 'manage', label: 'Manage REPLs', scopes: ['account:read', 'account:write'] },
  {
    value: 'work',
    label: 'Manage REPLs and work in each',
    scopes: ['account:read', 'account:write', 'repl:read', 'repl:write', 'repl:exec'],
  },
] as const satisfies readonly TokenRight[]

/** Makes a token for the account's own MCP address, for programs and machines where nobody can sign in. */
export function AccountTokenForm({ onMade }: { onMade: (connection: ConnectionView) => void }) {
  const [token, setToken] = useState<string>()
  if (token !== undefined) return <Made token={token} onDone={() => setToken(undefined)} />
  return (
    <div className="flex flex-col gap-3 rounded-lg border border-line bg-panel p-4">
      <p className="text-sm text-soft">
        A token for your account, for programs and machines where nobody can sign in. One for a single REPL is made in
        its Agents panel.
      </p>
      <TokenForm
        rights={RIGHTS}
        initial="manage"
        make={async (asked) => {
          const made = await api().agents.tokens.createForAccount.mutate(asked)
          setToken(made.token)
          onMade(made.connection)
        }}
        errorOf={wireErrorOf}
      />
    </div>
  )
}

/** The keyboard goes on here: the button that it was on is gone. */
function Made({ token, onDone }: { token: string; onDone: () => void }) {
  const done = useRef<HTMLButtonElement>(null)
  useEffect(() => done.current?.focus(), [])
  return (
    <div className="flex flex-col items-start gap-3">
      <NewToken token={token} />
      <Button ref={done} onClick={onDone}>
        Done
      </Button>
    </div>
  )
}
