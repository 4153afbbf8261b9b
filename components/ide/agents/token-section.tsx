'use client'

import { NewToken } from '#components/site/new-token.tsx'
import { TokenForm } from '#components/site/token-form.tsx'
import type { TokenRight } from '#components/site/token-form.tsx'
import { useWorkbench } from '../use-workbench.tsx'

const RIGHTS = [
  { value: 'read', label: 'Read files and output', scopes: ['repl:read'] },
  { value: 'edit', label: 'Read and edit', scopes: ['repl:read', 'repl:write'] },
  { value: 'run', label: 'Read, edit and run commands', scopes: ['repl:read', 'repl:write', 'repl:exec'] },
] as const satisfies readonly TokenRight[]

/** Makes a token, for programs and machines where nobody can sign in. */
export function TokenSection({ token, onToken }: { token: string | undefined; onToken: (token: string) => void }) {
  const { agents, repl } = useWorkbench()
  if (token !== undefined)
    return <NewToken token={token} hint="The commands above take it from the environment variable DEVEX_TOKEN." />
  return (
    <details className="border-t border-line py-3">
      <summary className="mb-3 cursor-pointer text-sm font-medium text-text">Use a token instead of signing in</summary>
      <TokenForm
        rights={repl.canEdit ? RIGHTS : RIGHTS.slice(0, 1)}
        initial={repl.canEdit ? 'run' : 'read'}
        make={async (asked) => onToken(await agents.createToken(asked))}
        errorOf={(failure) => agents.errorOf(failure)}
      />
    </details>
  )
}
