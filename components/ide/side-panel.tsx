'use client'

import { AgentsPanel } from './agents/agents-panel.tsx'
import { FilesPanel } from './files/files-panel.tsx'
import { GitPanel } from './git/git-panel.tsx'
import { HistoryPanel } from './history/history-panel.tsx'
import { PortsPanel } from './ports-panel.tsx'
import { ProcessesPanel } from './processes-panel.tsx'
import { SearchPanel } from './search/search-panel.tsx'
import type { SideView } from './stores/layout.ts'

/** The panel beside the editor. */
export function SidePanel({ view }: { view: SideView }) {
  return (
    <aside aria-label="Side panel" className="h-full overflow-y-auto bg-panel">
      {view === 'files' && <FilesPanel />}
      {view === 'search' && <SearchPanel />}
      {view === 'git' && <GitPanel />}
      {view === 'history' && <HistoryPanel />}
      {view === 'agents' && <AgentsPanel />}
      {view === 'ports' && <PortsPanel />}
      {view === 'processes' && <ProcessesPanel />}
    </aside>
  )
}
