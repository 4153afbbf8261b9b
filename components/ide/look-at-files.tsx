'use client'

import { Button } from '#components/ui/button.tsx'
import { useStore, useWorkbench } from './use-workbench.tsx'

/** The files as they were last backed up, if ever, while nothing runs that could show them. */
export function LookAtFiles() {
  const workbench = useWorkbench()
  const { view } = useStore(workbench.repl.state)
  if (view.savedAt === undefined) return null
  return <Button onClick={() => workbench.overlay.set({ kind: 'files' })}>Look at the files</Button>
}
