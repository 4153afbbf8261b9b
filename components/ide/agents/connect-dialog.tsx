'use client'

import { useState } from 'react'
import { CopyButton } from '#components/ui/copy-button.tsx'
import { Dialog } from '#components/ui/dialog.tsx'
import { Tabs, TabsContent, TabsList, TabsTrigger } from '#components/ui/tabs.tsx'
import { useRepl, useWorkbench } from '../use-workbench.tsx'
import { Address, mcpUrl } from './address.tsx'
import { clientsFor, serverName } from './clients.ts'
import type { SetupStep } from './clients.ts'
import { TokenSection } from './token-section.tsx'

/** How to let an agent in: the address, a set-up for each program, and tokens where nobody can sign in. */
export function ConnectDialog({ onClose }: { onClose: () => void }) {
  const { replId, account } = useWorkbench()
  const { name } = useRepl()
  const [token, setToken] = useState<string>()
  const url = mcpUrl(replId)
  const clients = clientsFor(serverName(name), url)
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title="Connect an agent"
      description="It signs in in your browser, and you choose what it may do. It then works in the same files and terminals as you."
    >
      <div className="-mx-3 pt-1">
        <Address replId={replId} />
      </div>
      <Tabs defaultValue="claude">
        <TabsList label="Programs" className="overflow-x-auto">
          {clients.map(({ id, name }) => (
            <TabsTrigger key={id} value={id} className="shrink-0 px-0.5">
              {name}
            </TabsTrigger>
          ))}
        </TabsList>
        {clients.map(({ id, steps, withToken }) => (
          <TabsContent key={id} value={id} className="space-y-3 py-3">
            {(token === undefined ? steps : withToken).map((step) => (
              <Step key={step.code} step={step} />
            ))}
          </TabsContent>
        ))}
      </Tabs>
      {account.isLocal && (
        <p className="pb-3 text-xs text-muted">
          Devex runs on this machine only, so agents reach it from this machine only.
        </p>
      )}
      {account.kind === 'user' && <TokenSection token={token} onToken={setToken} />}
    </Dialog>
  )
}

function Step({ step: { say, code } }: { step: SetupStep }) {
  return (
    <div>
      <p className="pb-1 text-sm text-soft">{say}</p>
      <div className="flex items-start gap-2 rounded-md border border-line bg-canvas p-2">
        <pre className="min-w-0 grow whitespace-pre-wrap font-mono text-xs leading-5 text-text [overflow-wrap:anywhere]">
          {code}
        </pre>
        <CopyButton size="sm" text={code} />
      </div>
    </div>
  )
}
