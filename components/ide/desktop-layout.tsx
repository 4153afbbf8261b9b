'use client'

import { useEffect } from 'react'
import { Group, Panel, useGroupRef, usePanelRef } from 'react-resizable-panels'
import { cx } from '#components/ui/cx.ts'
import { ActivityRail } from './activity-rail.tsx'
import { EditorArea } from './editor/editor-area.tsx'
import { PanelHandle, rememberSizes } from './panel-handle.tsx'
import { PreviewPane } from './preview/preview-pane.tsx'
import { SidePanel } from './side-panel.tsx'
import { TerminalPanel } from './terminal/terminal-panel.tsx'
import { useStore, useWorkbench } from './use-workbench.tsx'

/** Rail, side panel, editor over terminals, preview at the right. Sizes are remembered per REPL. */
export function DesktopLayout() {
  const workbench = useWorkbench()
  const { side, sizes } = useStore(workbench.memory.layout)
  const hasPreview = useStore(workbench.preview.state).kind !== 'none'
  // Each set of open panels has sizes of its own.
  const across = `across${side === null ? '' : '-side'}${hasPreview ? '-preview' : ''}`
  const group = useGroupRef()
  useEffect(() => {
    const known = workbench.memory.layout.getSnapshot().sizes[across]
    if (known !== undefined) group.current?.setLayout(known)
  }, [workbench, group, across])
  return (
    <div className="flex h-full">
      <ActivityRail />
      <Group
        id="across"
        groupRef={group}
        className="min-w-0 grow"
        defaultLayout={sizes[across]}
        onLayoutChanged={rememberSizes(workbench, across)}
      >
        {side !== null && (
          <>
            <Panel
              id="side"
              defaultSize="240px"
              minSize="160px"
              maxSize="50%"
              groupResizeBehavior="preserve-pixel-size"
            >
              <SidePanel view={side} />
            </Panel>
            <PanelHandle label="Width of the side panel" />
          </>
        )}
        <Panel id="centre" minSize="240px">
          <Centre />
        </Panel>
        {hasPreview && (
          <>
            <PanelHandle label="Width of the preview" />
            <Panel id="preview" defaultSize="38%" minSize="240px">
              <PreviewPane />
            </Panel>
          </>
        )}
      </Group>
    </div>
  )
}

/** The terminals stay mounted while they are hidden: what runs there goes on being drawn. */
function Centre() {
  const workbench = useWorkbench()
  const { isPanelOpen, sizes } = useStore(workbench.memory.layout)
  const terminals = usePanelRef()
  useEffect(() => {
    if (isPanelOpen) terminals.current?.expand()
    else terminals.current?.collapse()
  }, [terminals, isPanelOpen])
  return (
    <Group
      id="centre-group"
      orientation="vertical"
      className="h-full"
      defaultLayout={sizes['centre']}
      onLayoutChanged={rememberSizes(workbench, 'centre')}
    >
      <Panel id="editor" minSize="80px">
        <EditorArea />
      </Panel>
      <PanelHandle label="Height of the terminals" isRow isHidden={!isPanelOpen} />
      <Panel
        id="terminals"
        panelRef={terminals}
        defaultSize="38%"
        minSize="80px"
        collapsible
        collapsedSize="0px"
        className={cx(!isPanelOpen && 'invisible')}
        onResize={(size, _id, before) => {
          // Dragged shut, or open again.
          const isOpen = size.inPixels > 0
          if (before !== undefined && isOpen !== before.inPixels > 0) workbench.memory.patch({ isPanelOpen: isOpen })
        }}
      >
        <TerminalPanel />
      </Panel>
    </Group>
  )
}
