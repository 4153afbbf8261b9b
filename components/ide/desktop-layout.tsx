'use client'

import { Group, Panel, Separator } from 'react-resizable-panels'
import { cx } from '#components/ui/cx.ts'
import { ActivityRail } from './activity-rail.tsx'
import { EditorArea } from './editor/editor-area.tsx'
import { PreviewPane } from './preview/preview-pane.tsx'
import { SidePanel } from './side-panel.tsx'
import { TerminalPanel } from './terminal/terminal-panel.tsx'
import { useStore, useWorkbench } from './use-workbench.tsx'

/** Rail, side panel, editor over terminals, preview at the right. Sizes are remembered per REPL. */
export function DesktopLayout() {
  const workbench = useWorkbench()
  const { side, isPanelOpen, sizes } = useStore(workbench.memory.layout)
  const hasPreview = useStore(workbench.preview.state).kind !== 'none'
  const remember = (group: string) => (layout: Record<string, number>) =>
    workbench.memory.patch({
      sizes: { ...workbench.memory.layout.getSnapshot().sizes, [group]: layout },
    })
  // Each set of open panels has sizes of its own.
  const across = `across${side === null ? '' : '-side'}${hasPreview ? '-preview' : ''}`
  return (
    <div className="flex h-full">
      <ActivityRail />
      <Group
        key={across}
        id={across}
        className="min-w-0 grow"
        defaultLayout={sizes[across]}
        onLayoutChanged={remember(across)}
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
            <Handle />
          </>
        )}
        <Panel id="centre" minSize="240px">
          <Centre isPanelOpen={isPanelOpen} layout={sizes['centre']} onLayout={remember('centre')} />
        </Panel>
        {hasPreview && (
          <>
            <Handle />
            <Panel id="preview" defaultSize="38%" minSize="240px">
              <PreviewPane />
            </Panel>
          </>
        )}
      </Group>
    </div>
  )
}

interface CentreProps {
  isPanelOpen: boolean
  layout: Record<string, number> | undefined
  onLayout: (layout: Record<string, number>) => void
}

/** The terminals stay mounted while they are hidden: what runs there goes on being drawn. */
function Centre({ isPanelOpen, layout, onLayout }: CentreProps) {
  return (
    <Group
      id="centre-group"
      orientation="vertical"
      className="h-full"
      defaultLayout={layout}
      onLayoutChanged={(sizes) => {
        if (isPanelOpen) onLayout(sizes)
      }}
    >
      <Panel id="editor" minSize="80px">
        <EditorArea />
      </Panel>
      <Handle isRow isHidden={!isPanelOpen} />
      <Panel
        id="terminals"
        defaultSize="38%"
        minSize={isPanelOpen ? '80px' : '0px'}
        maxSize={isPanelOpen ? '100%' : '0px'}
        className={cx(!isPanelOpen && 'invisible')}
      >
        <TerminalPanel />
      </Panel>
    </Group>
  )
}

function Handle({ isRow = false, isHidden = false }: { isRow?: boolean; isHidden?: boolean }) {
  return (
    <Separator
      className={cx(
        'bg-line outline-none transition-colors data-[separator=active]:bg-focus data-[separator=hover]:bg-line-strong focus-visible:bg-focus',
        isRow ? 'h-px' : 'w-px',
        isHidden && 'invisible',
      )}
    />
  )
}
