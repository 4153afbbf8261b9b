'use client'

import { useEffect } from 'react'
import { Group, Panel, Separator, useGroupRef, usePanelRef } from 'react-resizable-panels'
import { cx } from '#components/ui/cx.ts'
import { ActivityRail } from './activity-rail.tsx'
import { EditorArea } from './editor/editor-area.tsx'
import { PreviewPane } from './preview/preview-pane.tsx'
import { SidePanel } from './side-panel.tsx'
import type { Workbench } from './stores/workbench.ts'
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
        onLayoutChanged={remember(workbench, across)}
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
            <Handle label="Width of the side panel" />
          </>
        )}
        <Panel id="centre" minSize="240px">
          <Centre />
        </Panel>
        {hasPreview && (
          <>
            <Handle label="Width of the preview" />
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
      onLayoutChanged={remember(workbench, 'centre')}
    >
      <Panel id="editor" minSize="80px">
        <EditorArea />
      </Panel>
      <Handle label="Height of the terminals" isRow isHidden={!isPanelOpen} />
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

/** Keeps the sizes that somebody chose; those that follow from the window or from other panels choose themselves. */
function remember(workbench: Workbench, group: string) {
  return (layout: Record<string, number>, { isUserInteraction }: { isUserInteraction: boolean }): void => {
    if (!isUserInteraction) return
    const { sizes } = workbench.memory.layout.getSnapshot()
    workbench.memory.patch({ sizes: { ...sizes, [group]: layout } })
  }
}

interface HandleProps {
  label: string
  isRow?: boolean
  isHidden?: boolean
}

function Handle({ label, isRow = false, isHidden = false }: HandleProps) {
  return (
    <Separator
      aria-label={label}
      className={cx(
        'bg-line outline-none transition-colors data-[separator=active]:bg-focus data-[separator=hover]:bg-line-strong focus-visible:bg-focus',
        isRow ? 'h-px' : 'w-px',
        isHidden && 'invisible',
      )}
    />
  )
}
