'use client'

import { useState } from 'react'
import { ExternalLink, RotateCw, X } from 'lucide-react'
import { Badge } from '#components/ui/badge.tsx'
import { IconButton } from '#components/ui/icon-button.tsx'
import { Input } from '#components/ui/input.tsx'
import { openInTab } from '../open-in-tab.ts'
import type { PreviewState } from '../stores/preview.ts'
import { useStore, useWorkbench } from '../use-workbench.tsx'
import { DeviceMenu } from './device-menu.tsx'

/** Reload, address, a tab of its own. */
export function PreviewBar({ state }: { state: Exclude<PreviewState, { kind: 'none' }> }) {
  const workbench = useWorkbench()
  const path = state.kind === 'shown' ? state.path : '/'
  const isListening = useStore(workbench.run.ports).some(({ port }) => port === state.port)
  return (
    <div className="flex h-9 shrink-0 items-center gap-1 border-b border-line bg-panel px-1.5">
      <IconButton label="Reload preview" onClick={() => workbench.preview.reload()}>
        <RotateCw aria-hidden />
      </IconButton>
      <span className="shrink-0 rounded-sm bg-inset px-1.5 py-0.5 font-mono text-xs text-muted">:{state.port}</span>
      {!isListening && (
        <Badge tone="attention" title="Nothing listens on this port now">
          Not running
        </Badge>
      )}
      <Address key={path} path={path} isDisabled={state.kind !== 'shown'} />
      <DeviceMenu />
      <IconButton label="Open preview in a tab" onClick={() => void openInTab(workbench, state.port, path)}>
        <ExternalLink aria-hidden />
      </IconButton>
      <IconButton label="Close preview" keys="alt+v" onClick={() => workbench.preview.close()}>
        <X aria-hidden />
      </IconButton>
    </div>
  )
}

function Address({ path, isDisabled }: { path: string; isDisabled: boolean }) {
  const workbench = useWorkbench()
  const [text, setText] = useState(path)
  return (
    <form
      className="min-w-0 grow"
      onSubmit={(event) => {
        event.preventDefault()
        workbench.preview.navigate(text.startsWith('/') ? text : `/${text}`)
      }}
    >
      <Input
        aria-label="Preview path"
        value={text}
        disabled={isDisabled}
        spellCheck={false}
        className="h-6! border-transparent! bg-inset! font-mono text-xs! focus-visible:border-focus!"
        onChange={(event) => setText(event.target.value)}
      />
    </form>
  )
}
