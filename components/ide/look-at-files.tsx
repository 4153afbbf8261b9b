'use client'

import { Button } from '#components/ui/button.tsx'
import { useWorkbench } from './use-workbench.tsx'

/** The files as they were last backed up, while nothing runs that could show them. */
export function LookAtFiles() {
  const workbench = useWorkbench()
  return <Button onClick={() => workbench.overlay.set({ kind: 'files' })}>Look at the files</Button>
}
