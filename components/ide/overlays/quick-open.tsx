'use client'

import { useEffect, useMemo, useState } from 'react'
import { nameOf, parentOf } from '#protocol/paths.ts'
import { FileIcon } from '../files/file-icon.tsx'
import { parseQuickQuery, rankFiles } from '../stores/quick-files.ts'
import { useStore, useWorkbench } from '../use-workbench.tsx'
import { Highlight } from './highlight.tsx'
import { Picker } from './picker.tsx'
import { openFile } from '../stores/actions.ts'

/** Go to a file by a part of its name; `:12` behind it goes to that line. */
export function QuickOpen({ onClose }: { onClose: () => void }) {
  const workbench = useWorkbench()
  const [text, setText] = useState('')
  const index = useStore(workbench.quickFiles.paths)
  const { groups, closed } = useStore(workbench.tabs.state)
  useEffect(() => void workbench.attempt(() => workbench.quickFiles.refresh()), [workbench])
  const { query, line } = parseQuickQuery(text)
  const recent = useMemo(
    () => [...new Set([...groups.flatMap(({ tabs }) => tabs.map((tab) => tab.path)), ...closed].toReversed())],
    [groups, closed],
  )
  const files = useMemo(() => rankFiles(query, index?.paths ?? [], recent), [query, index, recent])
  return (
    <Picker
      label="Go to file"
      placeholder="Go to file by name, :line to go to a line"
      query={text}
      onQuery={setText}
      items={files.map(({ path, positions }) => ({
        id: path,
        content: <FileName path={path} positions={positions} />,
      }))}
      empty={index === undefined ? 'Looking for files' : 'No file matches.'}
      onPick={(path) => {
        onClose()
        // After this has given the focus back.
        setTimeout(() => openFile(workbench, path, line === undefined ? {} : { place: { line } }))
      }}
      onClose={onClose}
    />
  )
}

function FileName({ path, positions }: { path: string; positions: readonly number[] }) {
  const start = path.length - nameOf(path).length
  return (
    <>
      <FileIcon name={nameOf(path)} />
      <span className="shrink-0 truncate text-text">
        <Highlight text={nameOf(path)} positions={positions.map((at) => at - start)} />
      </span>
      <span className="truncate text-xs text-muted">
        <Highlight text={parentOf(path)} positions={positions} />
      </span>
    </>
  )
}
