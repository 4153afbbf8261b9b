'use client'

import { useState } from 'react'
import { nameProblem } from '#components/name-problem.ts'
import { Button } from '#components/ui/button.tsx'
import { ErrorState } from '#components/ui/error-state.tsx'
import { Field } from '#components/ui/field.tsx'
import { Input } from '#components/ui/input.tsx'
import { Select } from '#components/ui/select.tsx'
import type { WireError } from '#protocol/errors.ts'

const DAY_MS = 24 * 60 * 60 * 1000
const EXPIRIES = [
  { value: '1', label: 'For 1 day' },
  { value: '30', label: 'For 30 days' },
  { value: '90', label: 'For 90 days' },
] as const

/** Something that a token may allow. */
export interface TokenRight<Scope extends string = string> {
  value: string
  label: string
  scopes: readonly Scope[]
}

interface TokenFormProps<Scope extends string> {
  rights: readonly TokenRight<Scope>[]
  initial: string
  /** Rejects with what went wrong. */
  make: (token: { name: string; scopes: Scope[]; expiresAt: number }) => Promise<void>
  errorOf: (failure: unknown) => WireError
}

/** Asks what a token is called, what it may do and for how long; the name keeps its text until it was made. */
export function TokenForm<Scope extends string>({ rights, initial, make, errorOf }: TokenFormProps<Scope>) {
  const [name, setName] = useState('')
  const [right, setRight] = useState(initial)
  const [days, setDays] = useState<(typeof EXPIRIES)[number]['value']>('30')
  const [isBusy, setIsBusy] = useState(false)
  const [problem, setProblem] = useState<string>()
  const [error, setError] = useState<WireError>()
  const create = async (): Promise<void> => {
    const found = nameProblem(name.trim())
    setProblem(found)
    if (found !== undefined) return
    setIsBusy(true)
    setError(undefined)
    try {
      const scopes = rights.find(({ value }) => value === right)?.scopes ?? []
      await make({ name: name.trim(), scopes: [...scopes], expiresAt: Date.now() + Number(days) * DAY_MS })
    } catch (failure) {
      setError(errorOf(failure))
    }
    setIsBusy(false)
  }
  return (
    <form
      noValidate
      aria-label="New token"
      className="flex flex-col gap-3"
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
      <div>
        <Button type="submit" isBusy={isBusy} disabled={name.trim() === ''}>
          Create token
        </Button>
      </div>
    </form>
  )
}
