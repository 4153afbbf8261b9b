'use client'

import { Button } from '#components/ui/button.tsx'
import { Dialog } from '#components/ui/dialog.tsx'
import { nameOf } from '#protocol/paths.ts'
import type { UploadQuestion } from '../stores/transfers.ts'
import { useStore, useWorkbench } from '../use-workbench.tsx'

const SHOWN_PATHS = 50

/** Files of an upload are there already: asks once what becomes of them. Closing it replaces nothing. */
export function UploadQuestionDialog() {
  const question = useStore(useWorkbench().transfers.question)
  return question === undefined ? null : <Asked {...question} />
}

function Asked({ taken, total, answer }: UploadQuestion) {
  const [first = ''] = taken
  const isOne = taken.length === 1
  const more = taken.length - SHOWN_PATHS
  return (
    <Dialog
      open
      onOpenChange={() => answer('skip')}
      title={isOne ? `${nameOf(first)} is there already` : `${taken.length} of ${total} files are there already`}
      description={
        isOne
          ? 'Replacing it puts the uploaded file in its place. Keeping both gives the uploaded one a new name.'
          : 'Replacing them puts the uploaded files in their place. Keeping both gives the uploaded ones new names.'
      }
      footer={
        <>
          <Button onClick={() => answer('skip')}>Skip</Button>
          <Button onClick={() => answer('replace')}>Replace</Button>
          <Button data-autofocus variant="primary" onClick={() => answer('keep-both')}>
            Keep both
          </Button>
        </>
      }
    >
      <ul className="max-h-60 overflow-auto font-mono text-xs text-soft [overflow-wrap:anywhere]">
        {taken.slice(0, SHOWN_PATHS).map((path) => (
          <li key={path}>{path}</li>
        ))}
        {more > 0 && <li>and {more} more</li>}
      </ul>
    </Dialog>
  )
}
