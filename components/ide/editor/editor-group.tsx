'use client'

import { FileCode2 } from 'lucide-react'
import { useEffect, useId } from 'react'
import { EmptyState } from '#components/ui/empty-state.tsx'
import { Kbd } from '#components/ui/kbd.tsx'
import type { TabGroup } from '../stores/tab-group.ts'
import { useWorkbench } from '../use-workbench.tsx'
import { DocumentPane } from './document-pane.tsx'
import { DropPlaces } from './drop-places.tsx'
import { TabBar } from './tab-bar.tsx'
import type { EditorWidget } from './use-editor-widget.ts'

export interface EditorGroupProps {
  group: TabGroup
  /** Its place from the left, counted from zero, and how many there are. */
  at: number
  of: number
  widget: EditorWidget
}

/** Tabs, and the file of theirs that is looked at. Whatever is done in it makes it the active group. */
export function EditorGroup({ group, at, of, widget }: EditorGroupProps) {
  const workbench = useWorkbench()
  const panel = useId()
  const { id, active } = group
  // Open tabs follow the disk even while another one is looked at.
  useEffect(() => {
    if (active !== undefined) workbench.documents.open(active)
  }, [workbench, active])
  const activate = (): void => workbench.tabs.activate(id)
  return (
    <div className="flex h-full min-w-0 flex-col bg-canvas" onFocusCapture={activate} onPointerDownCapture={activate}>
      <TabBar group={group} at={at} of={of} panel={panel} />
      <div
        id={panel}
        {...(active !== undefined && { role: 'tabpanel', 'aria-labelledby': `${panel}-tab` })}
        className="relative min-h-0 grow"
      >
        <DocumentPane group={group} widget={widget} />
        {active === undefined && <NoFile />}
        <DropPlaces group={id} />
      </div>
    </div>
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
