'use client'

import { useState } from 'react'
import { Button } from '#components/ui/button.tsx'
import { CopyButton } from '#components/ui/copy-button.tsx'
import { ErrorState } from '#components/ui/error-state.tsx'
import { Field } from '#components/ui/field.tsx'
import { Input } from '#components/ui/input.tsx'
import { Select } from '#components/ui/select.tsx'
import type { WireError } from '#protocol/errors.ts'
import { nameProblem } from '#components/name-problem.ts'
import type { AgentScope } from '#protocol/agents.ts'
import { useStore, useWorkbench } from '../use-workbench.tsx'

const DAY_MS = 24 * 60 * 60 * 1000
const EXPIRIES = [
  { value: '1', label: 'For 1 day' },
  { value: '30', label: 'For 30 days' },
  { value: '90', label: 'For 90 days' },
] as const
const RIGHTS = [
  { value: 'read', label: 'Read files and output', scopes: ['repl:read'] },
  { value: 'edit', label: 'Read and edit', scopes: ['repl:read', 'repl:write'] },
  { value: 'run', label: 'Read, edit and run commands', scopes: ['repl:read', 'repl:write', 'repl:exec'] },
] as const satisfies readonly { value: string; label: string; scopes: readonly AgentScope[] }[]

/** Makes a token, for programs and machines where nobody can sign in. */
export function TokenSection({ token, onToken }: { token: string | undefined; onToken: (token: string) => void }) {
  const { agents, repl } = useWorkbench()
  const busy = useStore(agents.busy)
  const rights = repl.canEdit ? RIGHTS : RIGHTS.slice(0, 1)
  const [name, setName] = useState('')
  const [days, setDays] = useState<(typeof EXPIRIES)[number]['value']>('30')
  const [right, setRight] = useState<(typeof RIGHTS)[number]['value']>(repl.canEdit ? 'run' : 'read')
  const [problem, setProblem] = useState<string>()
  const [error, setError] = useState<WireError>()
  const create = async (): Promise<void> => {
    const found = nameProblem(name.trim())
    setProblem(found)
    if (found !== undefined) return
    const scopes = RIGHTS.find(({ value }) => value === right)?.scopes ?? []
    try {
      onToken(
        await agents.createToken({
          name: name.trim(),
          scopes: [...scopes],
          expiresAt: Date.now() + Number(days) * DAY_MS,
        }),
      )
      setError(undefined)
    } catch (failure) {
      setError(agents.errorOf(failure))
    }
  }
  if (token !== undefined) return <NewToken token={token} />
  return (
    <details className="border-t border-line py-3">
      <summary className="cursor-pointer text-sm font-medium text-text">Use a token instead of signing in</summary>
      <form
        noValidate
        className="space-y-3 pt-3"
        onSubmit={(event) => {
          event.preventDefault()
          void create()
        }}
      >
        <Field label="Name" error={problem} hint="Where it will be used, so that you know it later.">
          {(control) => (
            <Input
              {...control}
              autoComplete="off"
              value={name}
              onChange={(event) => {
                setName(event.target.value)
                setProblem(undefined)
              }}
            />
          )}
        </Field>
        <div className="flex flex-col gap-3 sm:flex-row">
          <Field label="May" className="grow">
            {(control) => <Select {...control} value={right} options={rights} onValueChange={setRight} />}
          </Field>
          <Field label="Valid" className="sm:w-40">
            {(control) => <Select {...control} value={days} options={EXPIRIES} onValueChange={setDays} />}
          </Field>
        </div>
        {error !== undefined && <ErrorState message={error.message} advice={error.advice} />}
        <Button type="submit" isBusy={busy === 'token'} disabled={name.trim() === ''}>
          Create token
        </Button>
      </form>
    </details>
  )
}

function NewToken({ token }: { token: string }) {
  return (
    <div className="mb-3 rounded-md bg-accent-soft p-2">
      <div className="flex gap-2">
        <Input
          readOnly
          data-autofocus
          aria-label="Token"
          value={token}
          onFocus={(event) => event.target.select()}
          className="font-mono text-xs"
        />
        <CopyButton text={token} label="Copy token" variant="primary" />
      </div>
      <p className="mt-1.5 px-0.5 text-xs text-soft">
        Copy it now: for safety it is shown only this once. The commands above take it from the environment variable
        DEVEX_TOKEN.
      </p>
    </div>
  )
}
