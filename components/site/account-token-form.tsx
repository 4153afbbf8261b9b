'use client'

import { useState } from 'react'
import { api, wireErrorOf } from '#components/api.ts'
import { nameProblem } from '#components/name-problem.ts'
import { Button } from '#components/ui/button.tsx'
import { CopyButton } from '#components/ui/copy-button.tsx'
import { ErrorState } from '#components/ui/error-state.tsx'
import { Field } from '#components/ui/field.tsx'
import { Input } from '#components/ui/input.tsx'
import { Select } from '#components/ui/select.tsx'
import type { WireError } from '#protocol/errors.ts'
import type { ConnectionView } from '#server/agents/agents.ts'

const DAY_MS = 24 * 60 * 60 * 1000
const EXPIRIES = [
  { value: '1', label: 'For 1 day' },
  { value: '30', label: 'For 30 days' },
  { value: '90', label: 'For 90 days' },
] as const
const RIGHTS = [
  { value: 'see', label: 'See REPLs', scopes: ['account:read'] },
  { value: 'manage', label: 'Manage REPLs', scopes: ['account:read', 'account:write'] },
  {
    value: 'work',
    label: 'Manage REPLs and work in each',
    scopes: ['account:read', 'account:write', 'repl:read', 'repl:write', 'repl:exec'],
  },
] as const

/** Makes a token for the account's own MCP address, for programs and machines where nobody can sign in. */
export function AccountTokenForm({ onMade }: { onMade: (connection: ConnectionView) => void }) {
  const [token, setToken] = useState<string>()
  const [name, setName] = useState('')
  const [right, setRight] = useState<(typeof RIGHTS)[number]['value']>('manage')
  const [days, setDays] = useState<(typeof EXPIRIES)[number]['value']>('30')
  const [isBusy, setIsBusy] = useState(false)
  const [problem, setProblem] = useState<string>()
  const [error, setError] = useState<WireError>()
  const create = async () => {
    const found = nameProblem(name.trim())
    setProblem(found)
    if (found !== undefined) return
    setIsBusy(true)
    try {
      const scopes = RIGHTS.find(({ value }) => value === right)?.scopes ?? []
      const expiresAt = Date.now() + Number(days) * DAY_MS
      const made = await api().agents.tokens.createForAccount.mutate({
        name: name.trim(),
        scopes: [...scopes],
        expiresAt,
      })
      setToken(made.token)
      setError(undefined)
      onMade(made.connection)
    } catch (failure) {
      setError(wireErrorOf(failure))
    }
    setIsBusy(false)
  }
  if (token !== undefined) return <NewToken token={token} />
  return (
    <form
      noValidate
      aria-label="New token"
      className="flex flex-col gap-3 rounded-lg border border-line bg-panel p-4"
      onSubmit={(event) => {
        event.preventDefault()
        void create()
      }}
    >
      <p className="text-sm text-soft">
        A token for your account, for programs and machines where nobody can sign in. One for a single REPL is made in
        its Agents panel.
      </p>
      <Field label="Name" error={problem} hint="Where it will be used, so that you know it later.">
        {(control) => (
          <Input {...control} autoComplete="off" value={name} onChange={(event) => setName(event.target.value)} />
        )}
      </Field>
      <div className="flex flex-col gap-3 sm:flex-row">
        <Field label="May" className="grow">
          {(control) => <Select {...control} value={right} options={RIGHTS} onValueChange={setRight} />}
        </Field>
        <Field label="Valid" className="sm:w-40">
          {(control) => <Select {...control} value={days} options={EXPIRIES} onValueChange={setDays} />}
        </Field>
      </div>
      {error !== undefined && <ErrorState message={error.message} advice={error.advice} />}
      <div>
        <Button type="submit" isBusy={isBusy} disabled={name.trim() === ''}>
          Create token
        </Button>
      </div>
    </form>
  )
}

function NewToken({ token }: { token: string }) {
  return (
    <div className="rounded-lg bg-accent-soft p-3">
      <div className="flex gap-2">
        <Input
          readOnly
          aria-label="Token"
          value={token}
          onFocus={(event) => event.target.select()}
          className="font-mono text-xs"
        />
        <CopyButton text={token} label="Copy token" variant="primary" />
      </div>
      <p className="mt-1.5 text-xs text-soft">Copy it now: for safety it is shown only this once.</p>
    </div>
  )
}
