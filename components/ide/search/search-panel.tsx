'use client'

import { ChevronsDownUp, RefreshCw, X } from 'lucide-react'
import { IconButton } from '#components/ui/icon-button.tsx'
import { useStore, useWorkbench } from '../use-workbench.tsx'
import { ReplaceNews } from './replace-news.tsx'
import { SearchForm } from './search-form.tsx'
import { SearchNews } from './search-news.tsx'
import { SearchResults } from './search-results.tsx'

/** The text of all files: what to look for, and where it stands. */
export function SearchPanel() {
  const workbench = useWorkbench()
  const { search } = workbench
  const { files } = useStore(search.state)
  const { text } = useStore(search.form)
  return (
    <div className="flex h-full flex-col">
      <header className="flex h-9 shrink-0 items-center gap-0.5 pl-4 pr-1.5">
        <h2 className="grow font-medium text-soft">Search</h2>
        <IconButton label="Search again" disabled={text === ''} onClick={() => void search.search()}>
          <RefreshCw aria-hidden />
        </IconButton>
        <IconButton label="Clear search" disabled={text === ''} onClick={() => search.clear()}>
          <X aria-hidden />
        </IconButton>
        <IconButton label="Collapse results" disabled={files.length === 0} onClick={() => search.collapseAll()}>
          <ChevronsDownUp aria-hidden />
        </IconButton>
      </header>
      <SearchForm />
      <SearchNews />
      <ReplaceNews />
      <SearchResults />
    </div>
  )
}
