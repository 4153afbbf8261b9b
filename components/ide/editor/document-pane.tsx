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
import { closeTab } from '../stores/actions.ts'

const NOTHING = new Store<DocumentState>({ kind: 'loading' })
const LINES = ['w-40', 'w-64', 'w-52', 'w-72', 'w-32', 'w-56']

/** One file: its text, or why there is none. The editor stays mounted whatever is shown. */
export function DocumentPane({ path }: { path: string | undefined }) {
  const workbench = useWorkbench()
  const document = path === undefined ? undefined : workbench.documents.open(path)
  const state = useStore(document?.state ?? NOTHING)
  const isText = document !== undefined && state.kind === 'text'
  return (
    <div className="flex h-full flex-col">
      {isText && <DocumentBanner document={document} />}
      <div className="relative min-h-0 grow">
        <CodeEditor path={path} document={isText ? document : undefined} />
        {document !== undefined && !isText && <Instead document={document} state={state} />}
      </div>
    </div>
  )
}

function Instead({ document, state }: { document: FileDocument; state: DocumentState }) {
  const workbench = useWorkbench()
  switch (state.kind) {
    case 'loading':
      return (
        <div aria-label={`Opening ${document.path}`} className="absolute inset-0 flex flex-col gap-3 px-14 py-4">
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
                <Button onClick={() => void closeTab(workbench, document.path)}>Close tab</Button>
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
