'use client'

import Link from 'next/link'
import { Variables } from '#components/site/variables.tsx'
import { Dialog } from '#components/ui/dialog.tsx'
import { useRepl } from '../use-workbench.tsx'

/** The environment variables of this REPL. */
export function VariablesDialog({ onClose }: { onClose: () => void }) {
  const { id, name, role } = useRepl()
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title="Environment variables"
      description={`Terminals, Run and agents' commands in ${name} have them. Whoever may run commands here can read their values: editors, and agents that may run commands.`}
    >
      <div className="pb-2">
        <Variables replId={id} canChange={role === 'owner'} />
        <p className="pt-3 text-xs text-muted">
          They are kept encrypted, and lie in no file, snapshot or fork of this REPL. Those for all your REPLs are in{' '}
          <Link href="/settings#variables" className="font-medium text-accent-text underline underline-offset-2">
            the settings
          </Link>
          ; a REPL&apos;s own go before them.
        </p>
      </div>
    </Dialog>
  )
}
