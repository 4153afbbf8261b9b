'use client'

import { useEffect, useMemo, useRef, useState, useSyncExternalStore } from 'react'
import { Plus, SquareTerminal } from 'lucide-react'
import { CreateDialog } from '#components/dashboard/create-dialog.tsx'
import { DeletedSection } from '#components/dashboard/deleted-section.tsx'
import { replListApi } from '#components/dashboard/repl-list-api.ts'
import { createReplListStore } from '#components/dashboard/repl-list-store.ts'
import { ReplSection } from '#components/dashboard/repl-section.tsx'
import { replSections } from '#components/dashboard/repl-sections.ts'
import { SearchBox } from '#components/dashboard/search-box.tsx'
import { useListKeys } from '#components/dashboard/use-list-keys.ts'
import { useNow } from '#components/use-now.ts'
import { KeysHelp } from '#components/site/keys-help.tsx'
import { Button } from '#components/ui/button.tsx'
import { EmptyState } from '#components/ui/empty-state.tsx'
import { ErrorState } from '#components/ui/error-state.tsx'
import { Kbd } from '#components/ui/kbd.tsx'
import type { WireError } from '#protocol/errors.ts'
import type { ReplView, TemplateView } from '#server/repls/views.ts'

interface DashboardProps {
  /** What the server read; or why it could not. */
  initial: { repls?: ReplView[]; error?: WireError }
  templates: TemplateView[]
  isLocal: boolean
  /** The server's clock when it drew this page. */
  renderedAt: number
}

/** The repls of the person who is signed in, kept up to date. */
export function Dashboard({ initial, templates, isLocal, renderedAt }: DashboardProps) {
  const [store] = useState(() => createReplListStore(replListApi(), initial))
  const { repls, error, pending, failures } = useSyncExternalStore(
    store.subscribe,
    store.getSnapshot,
    store.getSnapshot,
  )
  useEffect(() => store.connect(), [store])

  const now = useNow(renderedAt)
  const [query, setQuery] = useState('')
  const [isCreating, setIsCreating] = useState(false)
  const [isHelpOpen, setIsHelpOpen] = useState(false)
  const search = useRef<HTMLInputElement>(null)
  const list = useRef<HTMLDivElement>(null)
  useListKeys({ list, search, onNew: () => setIsCreating(true), onHelp: () => setIsHelpOpen(true) })

  const { yours, shared, deleted } = useMemo(() => replSections(repls ?? [], query), [repls, query])
  const isEmpty = repls !== undefined && repls.every((repl) => repl.state.kind === 'deleted')
  const hasMatch = yours.length + shared.length + deleted.length > 0
  const rows = { store, pending, failures, now, templates, isLocal }

  return (
    <>
      <div className="flex flex-wrap items-center gap-3">
        <h1 className="text-xl font-semibold tracking-tight">REPLs</h1>
        <div className="order-last flex w-full grow sm:order-none sm:ml-auto sm:w-64 sm:grow-0">
          <SearchBox inputRef={search} value={query} onChange={setQuery} />
        </div>
        <Button variant="primary" className="ml-auto sm:ml-0" onClick={() => setIsCreating(true)}>
          <Plus aria-hidden size={16} strokeWidth={1.75} />
          New REPL
          <Kbd keys="n" className="ml-1 border-on-accent/30 bg-transparent text-on-accent! max-sm:hidden" />
        </Button>
      </div>

      {error !== undefined && (
        <ErrorState
          className="mt-6"
          message={error.message}
          advice={repls === undefined ? error.advice : 'What you see may be out of date.'}
          actions={<Button onClick={() => void store.retry()}>Try again</Button>}
        />
      )}

      <div ref={list} className="mt-6 flex flex-col gap-8">
        <ReplSection title="Yours" repls={yours} {...rows} />
        <ReplSection title="Shared with me" repls={shared} {...rows} />
        {isEmpty && (
          <EmptyState
            icon={<SquareTerminal />}
            title="No REPLs yet"
            className="rounded-lg border border-dashed border-line-strong"
            actions={
              <Button variant="primary" onClick={() => setIsCreating(true)}>
                New REPL
              </Button>
            }
          >
            A REPL is a project with its own files, terminals and previews. Begin with a template or a Git repository.
          </EmptyState>
        )}
        {!isEmpty && !hasMatch && repls !== undefined && (
          <EmptyState
            title={`No REPL matches “${query}”`}
            actions={<Button onClick={() => setQuery('')}>Clear search</Button>}
          />
        )}
        <DeletedSection repls={deleted} {...rows} />
      </div>

      <CreateDialog open={isCreating} onOpenChange={setIsCreating} templates={templates} />
      <KeysHelp open={isHelpOpen} onOpenChange={setIsHelpOpen} />
    </>
  )
}
