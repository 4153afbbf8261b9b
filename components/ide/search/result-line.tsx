'use client'

import type { ReactNode } from 'react'
import { ChevronRight, Replace, X } from 'lucide-react'
import { Badge } from '#components/ui/badge.tsx'
import { cx } from '#components/ui/cx.ts'
import { IconButton } from '#components/ui/icon-button.tsx'
import { nameOf, parentOf } from '#protocol/paths.ts'
import type { FoundMatch } from '#protocol/text-search.ts'
import { FileIcon } from '../files/file-icon.tsx'
import { replaceFound, showFound } from '../stores/actions.ts'
import { shownReplacement } from '../stores/replace-matches.ts'
import { useStore, useWorkbench } from '../use-workbench.tsx'
import type { ResultRow } from './result-rows.ts'

interface ResultLineProps {
  id: string
  row: ResultRow
  /** Place in the scrolled list, in pixels. */
  top: number
  isChosen: boolean
  onChoose: () => void
  onDismiss: () => void
}

/** A file in which something was found, or a place in it. */
export function ResultLine({ id, row, top, isChosen, onChoose, onDismiss }: ResultLineProps) {
  const workbench = useWorkbench()
  const { path, matches } = row.file
  const isFile = row.kind === 'file'
  return (
    // oxlint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/interactive-supports-focus -- the list has the focus and the keys, and says which row is meant (aria-activedescendant)
    <div
      id={id}
      role="treeitem"
      aria-level={isFile ? 1 : 2}
      aria-selected={isChosen}
      {...(isFile && { 'aria-expanded': row.isOpen })}
      style={{ top }}
      className={cx(
        'group/line absolute inset-x-0 flex h-6 cursor-default select-none items-center gap-1.5 pr-1 hover:bg-hover',
        isFile ? 'pl-2' : 'pl-[30px]',
        isChosen && 'group-focus/results:bg-selected',
      )}
      onClick={() => {
        onChoose()
        if (row.kind === 'file') workbench.search.toggle(path)
        else showFound(workbench, { path, match: row.match, isLook: true })
      }}
      onDoubleClick={() => {
        if (row.kind === 'match') showFound(workbench, { path, match: row.match })
      }}
    >
      {row.kind === 'file' ? (
        <>
          <ChevronRight
            aria-hidden
            size={14}
            strokeWidth={1.75}
            className={cx('shrink-0 text-muted transition-transform', row.isOpen && 'rotate-90')}
          />
          <FileIcon name={nameOf(path)} />
          <span className="shrink-0 text-text" title={path}>
            {nameOf(path)}
          </span>
          <span className="min-w-0 grow truncate text-xs text-muted" title={path}>
            {parentOf(path)}
          </span>
        </>
      ) : (
        <MatchText match={row.match} />
      )}
      <span className="hidden shrink-0 items-center group-hover/line:flex">
        {workbench.repl.canEdit && (
          <RowButton
            label={isFile ? `Replace all in ${nameOf(path)}` : 'Replace'}
            keys="shift+enter"
            onAct={() => void replaceFound(workbench, [{ path, matches: isFile ? matches : [row.match] }])}
          >
            <Replace aria-hidden />
          </RowButton>
        )}
        <RowButton label="Leave out" keys="Delete" onAct={onDismiss}>
          <X aria-hidden />
        </RowButton>
      </span>
      {isFile && <Badge className="shrink-0 tabular-nums group-hover/line:hidden">{matches.length}</Badge>}
    </div>
  )
}

interface RowButtonProps {
  label: string
  keys: string
  onAct: () => void
  children: ReactNode
}

/** A button in a row that does something else when it is clicked; the list has a key for it. */
function RowButton({ label, keys, onAct, children }: RowButtonProps) {
  return (
    <IconButton
      label={label}
      keys={keys}
      tabIndex={-1}
      className="size-6!"
      onDoubleClick={(event) => event.stopPropagation()}
      onClick={(event) => {
        event.stopPropagation()
        onAct()
      }}
    >
      {children}
    </IconButton>
  )
}

/** The line about a match, and what would be there instead. */
function MatchText({ match }: { match: FoundMatch }) {
  const { search } = useWorkbench()
  const { replacement } = useStore(search.form)
  const { query } = useStore(search.state)
  const { text, at, length, line } = match
  const found = text.slice(at, at + length)
  const isReplaced = replacement !== '' && query !== undefined
  return (
    <span className="min-w-0 grow truncate whitespace-pre font-mono text-xs text-soft" title={`Line ${line}`}>
      {text.slice(0, at)}
      <mark className={cx('rounded-xs text-text', isReplaced ? 'bg-failed-soft line-through' : 'bg-accent-soft')}>
        {found}
      </mark>
      {isReplaced && (
        <ins className="rounded-xs bg-ok-soft text-text no-underline">
          {shownReplacement(match, query, replacement)}
        </ins>
      )}
      {text.slice(at + length)}
      <span className="sr-only">, line {line}</span>
    </span>
  )
}
