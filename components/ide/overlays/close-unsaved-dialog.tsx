'use client'

import { Button } from '#components/ui/button.tsx'
import { Dialog } from '#components/ui/dialog.tsx'
import { nameOf } from '#protocol/paths.ts'
import { useWorkbench } from '../use-workbench.tsx'
import { discardTab } from '../stores/tab-actions.ts'

/** A tab is to be closed whose text could not be put on disk. */
export function CloseUnsavedDialog({ path, onClose }: { path: string; onClose: () => void }) {
  const workbench = useWorkbench()
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title={`${nameOf(path)} is not saved`}
      description="What you typed is not on the REPL's disk. Closing the tab gives it up."
      width="sm"
      footer={
        <>
          <Button onClick={() => void discardTab(workbench, path)}>{`Close without saving`}</Button>
          <Button variant="primary" onClick={onClose}>
            Keep it open
          </Button>
        </>
      }
    />
  )
}
