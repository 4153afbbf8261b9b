'use client'

import { useEffect, useId, useMemo, useRef } from 'react'
import type { KeyboardEvent } from 'react'
import { useVisibleRows } from '../files/use-visible-rows.ts'
import { replaceFound, showFound } from '../stores/actions.ts'
import { useStore, useWorkbench } from '../use-workbench.tsx'
import { ResultLine } from './result-line.tsx'
import { parentIndex, resultRows, keyOf } from './result-rows.ts'
import type { ResultRow } from './result-rows.ts'

const ROW_HEIGHT_PX = 24

/** Where the text stands, file by file. Only the rows in view are in the page. */
export function SearchResults() {
  const workbench = useWorkbench()
  const { search } = workbench
  const { files } = useStore(search.state)
  const closed = useStore(search.closed)
  const chosen = useStore(search.chosen)
  const scroller = useRef<HTMLDivElement>(null)
  const id = useId()
  const list = useMemo(() => resultRows(files, closed), [files, closed])
  const at = Math.max(
    0,
    list.findIndex((row) => keyOf(row) === chosen),
  )
  const { drawn, scrollTo } = useVisibleRows(scroller, { count: list.length, rowHeight: ROW_HEIGHT_PX, kept: at })
  // F4 in the editor goes on in here.
  useEffect(() => scrollTo(at), [at, scrollTo])

  const choose = (index: number): void => {
    const row = list[Math.max(0, Math.min(index, list.length - 1))]
    if (row !== undefined) search.chosen.set(keyOf(row))
  }
  const page = (): number => Math.max(1, Math.floor((scroller.current?.clientHeight ?? 0) / ROW_HEIGHT_PX) - 1)
  const dismiss = (row: ResultRow): void => {
    const next = list[at + 1] ?? list[at - 1]
    search.dismiss(row.file.path, row.kind === 'match' ? row.match : undefined)
    if (next !== undefined) search.chosen.set(keyOf(next))
  }
  const onKeyDown = (event: KeyboardEvent): void => {
    const row = list[at]
    const keys: Partial<Record<string, () => void>> = {
      ArrowDown: () => choose(at + 1),
      ArrowUp: () => choose(at - 1),
      PageDown: () => choose(at + page()),
      PageUp: () => choose(at - page()),
      Home: () => choose(0),
      End: () => choose(list.length - 1),
    }
    if (row !== undefined) {
      keys.ArrowRight = () => (row.kind === 'file' && !row.isOpen ? search.toggle(row.file.path) : choose(at + 1))
      keys.ArrowLeft = () =>
        row.kind === 'file' && row.isOpen ? search.toggle(row.file.path) : choose(parentIndex(list, at))
      keys.Delete = () => dismiss(row)
      keys.Enter = () => {
        if (event.shiftKey && workbench.repl.canEdit) void replaceFound(workbench, [chosenOf(row)])
        else if (row.kind === 'file') search.toggle(row.file.path)
        else showFound(workbench, { path: row.file.path, match: row.match })
      }
      keys[' '] = () =>
        row.kind === 'file'
          ? search.toggle(row.file.path)
          : showFound(workbench, { path: row.file.path, match: row.match, isLook: true })
    }
    const act = keys[event.key]
    if (act === undefined || event.ctrlKey || event.metaKey || event.altKey) return
    event.preventDefault()
    act()
  }

  return (
    <div ref={scroller} className="min-h-0 grow overflow-y-auto overflow-x-hidden pb-6">
      {list.length > 0 && (
        <div
          role="tree"
          aria-label="Results"
          tabIndex={0}
          aria-activedescendant={`${id}-${at}`}
          className="group/results relative -outline-offset-2"
          style={{ height: list.length * ROW_HEIGHT_PX }}
          onKeyDown={onKeyDown}
        >
          {drawn.map((index) => {
            const row = list[index]
            return row === undefined ? null : (
              <ResultLine
                key={keyOf(row)}
                id={`${id}-${index}`}
                row={row}
                top={index * ROW_HEIGHT_PX}
                isChosen={index === at}
                onChoose={() => search.chosen.set(keyOf(row))}
                onDismiss={() => dismiss(row)}
              />
            )
          })}
        </div>
      )}
    </div>
  )
}

/** What a row stands for. */
function chosenOf(row: ResultRow) {
  return { path: row.file.path, matches: row.kind === 'file' ? row.file.matches : [row.match] }
}
