'use client'

import { ErrorState } from '#components/ui/error-state.tsx'
import { Button } from '#components/ui/button.tsx'
import { Skeleton } from '#components/ui/skeleton.tsx'
import type { FileDocument } from '../stores/file-document.ts'
import type { DocumentState } from '../stores/open-document.ts'
import { Store } from '../stores/store.ts'
import { useStore, useWorkbench } from '../use-workbench.tsx'
import { CodeEditor } from './code-editor.tsx'
import { DocumentBanner } from './document-banner.tsx'
import { DownloadCard } from './download-card.tsx'
import { closeTab } from '../stores/tab-actions.ts'
import type { TabGroup } from '../stores/tab-group.ts'
import type { EditorWidget } from './use-editor-widget.ts'

const NOTHING = new Store<DocumentState>({ kind: 'loading' })
const LINES = ['w-40', 'w-64', 'w-52', 'w-72', 'w-32', 'w-56']

/** One file: its text, or why there is none. The editor stays mounted whatever is shown. */
export function DocumentPane({ group, widget }: { group: TabGroup; widget: EditorWidget }) {
  const workbench = useWorkbench()
  const path = group.active
  const document = path === undefined ? undefined : workbench.documents.open(path)
  const state = useStore(document?.state ?? NOTHING)
  const isText = document !== undefined && state.kind === 'text'
  return (
    <div className="flex h-full flex-col">
      {isText && <DocumentBanner document={document} />}
      <div className="relative min-h-0 grow">
        <CodeEditor widget={widget} group={group} document={isText ? document : undefined} />
        {document !== undefined && !isText && <Instead document={document} state={state} group={group.id} />}
      </div>
    </div>
  )
}

interface InsteadProps {
  document: FileDocument
  state: DocumentState
  group: number
}

function Instead({ document, state, group }: InsteadProps) {
  const workbench = useWorkbench()
  switch (state.kind) {
    case 'loading':
      return (
        <div aria-busy className="absolute inset-0 flex flex-col gap-3 px-14 py-4">
          <output className="sr-only">{`Opening ${document.path}`}</output>
          {LINES.map((width) => (
            <Skeleton key={width} className={`h-3 ${width}`} />
          ))}
        </div>
      )
    case 'failed':
      return (
        <div className="absolute inset-0 overflow-auto p-6">
          <ErrorState
            message={state.error.message}
            advice={state.error.advice}
            actions={
              <>
                <Button onClick={() => void document.check()}>Try again</Button>
                <Button onClick={() => void closeTab(workbench, { path: document.path, group })}>Close tab</Button>
              </>
            }
          />
        </div>
      )
    case 'binary':
    case 'too_large':
      return <DownloadCard path={document.path} kind={state.kind} size={state.size} />
    case 'text':
      return null
  }
}
