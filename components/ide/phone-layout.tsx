'use client'

import { FileCode2, Files, MonitorPlay, TerminalSquare } from 'lucide-react'
import { cx } from '#components/ui/cx.ts'
import { EditorArea } from './editor/editor-area.tsx'
import { PreviewPane } from './preview/preview-pane.tsx'
import { SidePanel } from './side-panel.tsx'
import type { PhonePane } from './stores/layout.ts'
import { TerminalPanel } from './terminal/terminal-panel.tsx'
import { useStore, useWorkbench } from './use-workbench.tsx'
import { VIEWS, ViewButton } from './view-button.tsx'

const PANES = [
  { pane: 'files', label: 'Files', icon: Files },
  { pane: 'editor', label: 'Editor', icon: FileCode2 },
  { pane: 'terminal', label: 'Terminal', icon: TerminalSquare },
  { pane: 'preview', label: 'Preview', icon: MonitorPlay },
] as const

/** One pane at a time, and a switch at the bottom. */
export function PhoneLayout() {
  const workbench = useWorkbench()
  const { pane, side } = useStore(workbench.memory.layout)
  return (
    <div className="flex h-full flex-col">
      <div className="relative min-h-0 grow">
        <Pane name="files" shown={pane}>
          <div className="flex h-full flex-col">
            <nav aria-label="Views" className="flex shrink-0 justify-around border-b border-line bg-panel px-2 py-1">
              {VIEWS.map((view) => (
                <ViewButton
                  key={view.view}
                  view={view}
                  side="bottom"
                  isShown={(side ?? 'files') === view.view}
                  onPick={(picked) => workbench.showSide(picked)}
                />
              ))}
            </nav>
            <div className="min-h-0 grow">
              <SidePanel view={side ?? 'files'} />
            </div>
          </div>
        </Pane>
        <Pane name="editor" shown={pane}>
          <EditorArea />
        </Pane>
        <Pane name="terminal" shown={pane}>
          <TerminalPanel />
        </Pane>
        <Pane name="preview" shown={pane}>
          <PreviewPane />
        </Pane>
      </div>
      <nav aria-label="Panes" className="flex h-12 shrink-0 border-t border-line bg-panel">
        {PANES.map(({ pane: name, label, icon: Icon }) => (
          <button
            key={name}
            type="button"
            aria-current={pane === name}
            className={cx(
              'flex flex-1 flex-col items-center justify-center gap-0.5 text-xs',
              pane === name ? 'font-medium text-accent-text' : 'text-muted',
            )}
            onClick={() => workbench.showPane(name)}
          >
            <Icon aria-hidden size={18} strokeWidth={1.5} />
            {label}
          </button>
        ))}
      </nav>
    </div>
  )
}

function Pane({ name, shown, children }: { name: PhonePane; shown: PhonePane; children: React.ReactNode }) {
  const isShown = name === shown
  return (
    <div aria-hidden={!isShown} inert={!isShown} className={cx('absolute inset-0', !isShown && 'invisible')}>
      {children}
    </div>
  )
}
