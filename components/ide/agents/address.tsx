'use client'

import { CopyButton } from '#components/ui/copy-button.tsx'
import { Input } from '#components/ui/input.tsx'

/** Where agents find this REPL. */
export function mcpUrl(replId: string): string {
  return new URL(`/r/${replId}/mcp`, window.location.origin).href
}

/** The address for agents, to copy. */
export function Address({ replId }: { replId: string }) {
  const url = mcpUrl(replId)
  return (
    <div className="flex shrink-0 gap-1.5 border-b border-line px-3 pb-3">
      <Input
        readOnly
        aria-label="Address for agents"
        value={url}
        onFocus={(event) => event.target.select()}
        className="min-w-0 grow font-mono text-xs"
      />
      <CopyButton text={url} aria-label="Copy the address for agents" />
    </div>
  )
}
