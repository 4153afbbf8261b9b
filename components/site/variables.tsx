'use client'

import { useEffect, useMemo, useState, useSyncExternalStore } from 'react'
import { Trash2 } from 'lucide-react'
import { timeAgo } from '#components/site/relative-time.ts'
import { VariablesForm } from '#components/site/variables-form.tsx'
import { createVariablesStore } from '#components/site/variables-store.ts'
import { variablesApi } from '#components/site/variables-api.ts'
import { Button } from '#components/ui/button.tsx'
import { ErrorState } from '#components/ui/error-state.tsx'
import { Skeleton } from '#components/ui/skeleton.tsx'
import { SureButton } from '#components/ui/sure-button.tsx'
import type { VariableView } from '#server/repls/views.ts'

interface VariablesProps {
  /** Absent: those of the account. */
  replId?: string
  /** Whether this person may change them, or only read their names. */
  canChange: boolean
}

/** Environment variables: which there are, new ones, and the way to be rid of one. Values are never shown. */
export function Variables({ replId, canChange }: VariablesProps) {
  const store = useMemo(() => createVariablesStore(variablesApi(replId)), [replId])
  useEffect(() => void store.load(), [store])
  const { variables, error, isBusy, told } = useSyncExternalStore(store.subscribe, store.getSnapshot, store.getSnapshot)
  return (
    <div className="flex flex-col gap-4">
      {variables === undefined && error === undefined && <Skeleton className="h-10 w-full" />}
      {variables?.length === 0 && <p className="text-sm text-muted">None yet.</p>}
      {variables !== undefined && variables.length > 0 && (
        <ul aria-label="Environment variables" className="divide-y divide-line">
          {variables.map((variable) => (
            <VariableRow
              key={variable.name}
              variable={variable}
              {...(canChange && { onRemove: () => void store.remove(variable.name) })}
            />
          ))}
        </ul>
      )}
      {error !== undefined && (
        <ErrorState
          message={error.message}
          advice={error.advice}
          actions={variables === undefined && <Button onClick={() => void store.load()}>Try again</Button>}
        />
      )}
      {canChange && <VariablesForm isBusy={isBusy} onSet={store.set} />}
      <output className="text-xs text-muted">{told !== undefined && toldWords(told)}</output>
    </div>
  )
}

function toldWords(isTold: boolean): string {
  return isTold
    ? 'Kept. What is started from now on has it; terminals and programs that run keep what they were started with.'
    : 'Kept. A REPL that is coming up or does not answer has it from its next start on.'
}

function VariableRow({ variable, onRemove }: { variable: VariableView; onRemove?: () => void }) {
  const { name, changedAt, by } = variable
  const [now] = useState(() => Date.now())
  return (
    <li className="flex min-h-10 items-center gap-3 py-1 text-sm">
      <span className="min-w-0 grow">
        <span className="block truncate font-mono text-text">{name}</span>
        <span className="block truncate text-xs text-muted">
          set {timeAgo(changedAt, Math.max(now, changedAt))} by {by}
        </span>
      </span>
      <span aria-hidden className="text-faint">
        ••••••
      </span>
      {onRemove !== undefined && (
        <SureButton label={`Delete ${name}`} sure={`Delete ${name}`} onSure={onRemove}>
          <Trash2 aria-hidden size={14} strokeWidth={1.5} />
        </SureButton>
      )}
    </li>
  )
}
