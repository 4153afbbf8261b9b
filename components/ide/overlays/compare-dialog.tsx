'use client'

import { useEffect, useState } from 'react'
import { Button } from '#components/ui/button.tsx'
import { Dialog } from '#components/ui/dialog.tsx'
import { nameOf } from '#protocol/paths.ts'
import { mountDiff } from '../editor/mount-diff.ts'
import { useTheme } from '../theme-tokens.ts'
import { useStore, useWorkbench } from '../use-workbench.tsx'

/** Both texts of a conflict side by side. */
export function CompareDialog({ path, onClose }: { path: string; onClose: () => void }) {
  const workbench = useWorkbench()
  const document = workbench.documents.open(path)
  const state = useStore(document.state)
  const mayEdit = useStore(workbench.mayEdit)
  // Told when it is there: the dialog comes into the page later than this component.
  const [element, setElement] = useState<HTMLDivElement | null>(null)
  const theme = useTheme()
  const conflict = state.kind === 'text' && state.save.kind === 'conflict' ? state.save.theirs : undefined
  const theirs = conflict?.kind === 'text' ? conflict.content : undefined

  useEffect(() => {
    if (theirs === undefined) onClose()
  }, [theirs, onClose])
  useEffect(() => {
    if (element === null || theirs === undefined) return
    const diff = mountDiff(element, { path, theirs, mine: document.buffer.getText(), theme })
    return () => diff[Symbol.dispose]()
  }, [element, document, path, theirs, theme])

  return (
    <Dialog
      open
      onOpenChange={onClose}
      title={`${nameOf(path)} was changed twice`}
      description="Left: what is on disk now. Right: what you have here."
      className="sm:h-[76dvh] sm:max-w-6xl!"
      footer={
        <>
          <Button onClick={onClose}>Decide later</Button>
          <Button onClick={() => document.takeTheirs()}>Take theirs</Button>
          {mayEdit && (
            <Button variant="primary" onClick={() => void document.keepMine()}>
              Keep mine
            </Button>
          )}
        </>
      }
    >
      <div ref={setElement} className="h-[50dvh] overflow-hidden rounded-md border border-line" />
    </Dialog>
  )
}
