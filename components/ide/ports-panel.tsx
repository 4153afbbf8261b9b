'use client'

import { Copy, ExternalLink, MonitorPlay, Radio } from 'lucide-react'
import { EmptyState } from '#components/ui/empty-state.tsx'
import { IconButton } from '#components/ui/icon-button.tsx'
import { Switch } from '#components/ui/switch.tsx'
import type { PortInfo } from '#protocol/messages.ts'
import { copyAddress } from './copy.ts'
import { openInTab } from './open-in-tab.ts'
import { useRepl, useStore, useWorkbench } from './use-workbench.tsx'

/** What listens in the REPL, and who may see it. */
export function PortsPanel() {
  const ports = useStore(useWorkbench().run.ports)
  return (
    <div className="flex h-full flex-col">
      <header className="flex h-9 shrink-0 items-center pl-4">
        <h2 className="font-medium text-soft">Ports</h2>
      </header>
      {ports.length === 0 ? (
        <EmptyState icon={<Radio />} title="Nothing is listening" className="py-10">
          A program that listens on a port shows up here by itself.
        </EmptyState>
      ) : (
        <ul className="min-h-0 grow overflow-y-auto">
          {ports.map((port) => (
            <PortRow key={port.port} port={port} />
          ))}
        </ul>
      )}
    </div>
  )
}

function PortRow({ port: { port, command } }: { port: PortInfo }) {
  const workbench = useWorkbench()
  const { role, publicPorts } = useRepl()
  const isPublic = publicPorts.includes(port)
  const preview = (): void => {
    workbench.showPane('preview')
    void workbench.preview.open(port)
  }
  return (
    <li className="border-b border-line px-4 py-2.5">
      <div className="flex items-center gap-1">
        <span className="min-w-0 grow">
          <span className="font-mono text-text tabular-nums">{port}</span>
          {command !== undefined && (
            <span className="block truncate text-xs text-muted" title={command}>
              {command}
            </span>
          )}
        </span>
        {isPublic && (
          <IconButton label={`Copy the address of port ${port}`} onClick={() => void copyAddress(workbench, port)}>
            <Copy aria-hidden />
          </IconButton>
        )}
        <IconButton label={`Preview port ${port}`} onClick={preview}>
          <MonitorPlay aria-hidden />
        </IconButton>
        <IconButton label={`Open port ${port} in a tab`} onClick={() => void openInTab(workbench, port)}>
          <ExternalLink aria-hidden />
        </IconButton>
      </div>
      {role === 'owner' ? (
        <Switch
          label="Public"
          hint={isPublic ? 'Anyone with the address can see it.' : 'Only people of this REPL can see it.'}
          checked={isPublic}
          onCheckedChange={(checked) => void workbench.repl.setPortPublic(port, checked)}
          className="mt-2"
        />
      ) : (
        <p className="mt-1 text-xs text-muted">{isPublic ? 'Public' : 'Only people of this REPL'}</p>
      )}
    </li>
  )
}
