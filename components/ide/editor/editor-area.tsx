'use client'

import { FileCode2 } from 'lucide-react'
import { useEffect } from 'react'
import { EmptyState } from '#components/ui/empty-state.tsx'
import { Kbd } from '#components/ui/kbd.tsx'
import { useStore, useWorkbench } from '../use-workbench.tsx'
import { DocumentPane } from './document-pane.tsx'
import { TabBar } from './tab-bar.tsx'

/** Tabs, and the file that is looked at. */
export function EditorArea() {
  const workbench = useWorkbench()
  const { active } = useStore(workbench.tabs.state)
  // Open tabs follow the disk even while another one is looked at.
  useEffect(() => {
    if (active !== undefined) workbench.documents.open(active)
  }, [workbench, active])
  return (
    <section aria-label="Editor" className="flex h-full min-w-0 flex-col bg-canvas">
      <TabBar />
      <div className="relative min-h-0 grow">
        <DocumentPane path={active} />
        {active === undefined && <NoFile />}
      </div>
    </section>
  )
}

function NoFile() {
  return (
    <div className="absolute inset-0 overflow-auto bg-canvas">
      <EmptyState icon={<FileCode2 />} title="No file is open">
        <p className="flex items-center justify-center gap-2">
          Go to a file <Kbd keys="mod+p" />
        </p>
        <p className="mt-1 flex items-center justify-center gap-2">
          Show all commands <Kbd keys="mod+shift+p" />
        </p>
      </EmptyState>
    </div>
  )
}
