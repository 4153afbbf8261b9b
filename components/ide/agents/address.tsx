'use client'

import { CopyField } from '#components/ui/copy-field.tsx'

/** Where agents find this REPL. */
export function mcpUrl(replId: string): string {
  return new URL(`/r/${replId}/mcp`, window.location.origin).href
}

/** The address for agents, to copy. */
export function Address({ replId }: { replId: string }) {
  const url = mcpUrl(replId)
  return (
    <div className="shrink-0 border-b border-line px-3 pb-3">
      <CopyField text={url} label="Address for agents" copy={{ 'aria-label': 'Copy the address for agents' }} />
    </div>
  )
}
