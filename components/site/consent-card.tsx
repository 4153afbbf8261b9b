'use client'

import { useState } from 'react'
import { TriangleAlert } from 'lucide-react'
import { z } from 'zod'
import { scopeWords } from '#components/site/agent-words.ts'
import { Button } from '#components/ui/button.tsx'
import { ErrorState } from '#components/ui/error-state.tsx'
import { Switch } from '#components/ui/switch.tsx'
import { wireErrorSchema } from '#protocol/errors.ts'
import type { WireError } from '#protocol/errors.ts'
import type { ConsentView } from '#server/auth/oauth/consent.ts'

const answerSchema = z.union([z.object({ location: z.string() }), z.object({ error: wireErrorSchema })])

const UNREACHABLE: WireError = {
  code: 'unavailable',
  message: 'The server could not be reached.',
  advice: 'Check the connection and try again.',
}

/** Who asks, for what, and how much of it the person gives. */
export function ConsentCard({ uid, view, person }: { uid: string; view: ConsentView; person: string }) {
  const [given, setGiven] = useState(
    () => new Set<string>(view.scopes.filter(({ isProposed }) => isProposed).map(({ scope }) => scope)),
  )
  const [busy, setBusy] = useState<'allow' | 'refuse'>()
  const [error, setError] = useState<WireError>()
  const answer = async (isAllowed: boolean) => {
    setBusy(isAllowed ? 'allow' : 'refuse')
    const said = await send(uid, { isAllowed, scopes: [...given] })
    if ('location' in said) return window.location.assign(said.location)
    setBusy(undefined)
    setError(said.error)
  }
  const toggle = (scope: string, isOn: boolean) => {
    const next = new Set(given)
    if (isOn) next.add(scope)
    else next.delete(scope)
    setGiven(next)
  }
  return (
    <div className="flex flex-col gap-5">
      <Facts view={view} person={person} />
      {view.client.isOnThisMachine && <OnThisMachine />}
      <fieldset className="flex flex-col gap-3 rounded-md border border-line bg-panel p-4">
        <legend className="sr-only">It may</legend>
        {view.scopes.map(({ scope }) => (
          <Switch
            key={scope}
            {...scopeWords(scope)}
            checked={given.has(scope)}
            onCheckedChange={(isOn) => toggle(scope, isOn)}
          />
        ))}
      </fieldset>
      {error !== undefined && <ErrorState message={error.message} advice={error.advice} />}
      <div className="flex flex-col gap-2 sm:flex-row-reverse">
        <Button
          variant="primary"
          size="lg"
          className="grow"
          isBusy={busy === 'allow'}
          disabled={given.size === 0 || busy === 'refuse'}
          onClick={() => void answer(true)}
        >
          Let it in
        </Button>
        <Button size="lg" isBusy={busy === 'refuse'} disabled={busy === 'allow'} onClick={() => void answer(false)}>
          Refuse
        </Button>
      </div>
      <p className="text-xs text-muted">
        You can cut it off at any time: in the Agents panel of the REPL, or in the settings.
      </p>
    </div>
  )
}

function Facts({ view: { client, resource }, person }: { view: ConsentView; person: string }) {
  const facts = [
    { name: 'Program', value: client.vouchedBy === undefined ? `${client.name} (its own word)` : client.name },
    ...(client.vouchedBy === undefined ? [] : [{ name: 'Published by', value: client.vouchedBy }]),
    { name: 'For', value: resource.kind === 'repl' ? `The REPL ${resource.name}` : 'Your account' },
    { name: 'Acts as', value: person },
    { name: 'Answer goes to', value: client.redirectHost },
  ]
  return (
    <dl className="grid grid-cols-[auto_minmax(0,1fr)] gap-x-4 gap-y-1.5 text-sm">
      {facts.map(({ name, value }) => (
        <div key={name} className="contents">
          <dt className="text-muted">{name}</dt>
          <dd className="break-words text-text">{value}</dd>
        </div>
      ))}
    </dl>
  )
}

function OnThisMachine() {
  return (
    <p className="flex gap-2 rounded-md border border-line bg-panel p-3 text-sm text-soft">
      <TriangleAlert aria-hidden className="mt-0.5 size-4 shrink-0" />
      The answer goes to a program on this machine. Go on only if you have just begun this there yourself.
    </p>
  )
}

async function send(
  uid: string,
  answer: { isAllowed: boolean; scopes: string[] },
): Promise<z.output<typeof answerSchema>> {
  try {
    const response = await fetch(`/oauth/consent/${encodeURIComponent(uid)}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(answer),
    })
    return answerSchema.parse(await response.json())
  } catch {
    return { error: UNREACHABLE }
  }
}
