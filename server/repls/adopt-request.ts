import type { AdoptRequest } from '#protocol/adoption.ts'
import type { Tokens } from '#server/auth/tokens.ts'
import type { Orchestrator, SandboxLimits } from '#server/orchestrator/orchestrator.ts'
import type { Repl } from '#server/repls/record.ts'
import type { Templates } from '#server/workspaces/templates.ts'
import type { Workspaces } from '#server/workspaces/workspaces.ts'

interface AdoptRequestDeps {
  orchestrator: Orchestrator
  workspaces: Workspaces
  templates: Templates
  tokens: Tokens
  sandboxLimits: SandboxLimits
}

/** What a sandbox is told when it becomes this repl's. `isVolumeCurrent`: what lies there is newer than any snapshot and must stay. */
export async function adoptRequestOf(
  deps: AdoptRequestDeps,
  repl: Repl,
  { sandboxId, isVolumeCurrent }: { sandboxId: string; isVolumeCurrent: boolean },
): Promise<AdoptRequest> {
  const { generation, source } = repl
  const [token, port, head] = await Promise.all([
    deps.tokens.generation({ sandbox: sandboxId, repl: repl.id, generation }),
    deps.orchestrator.portOf(sandboxId),
    deps.workspaces.head(repl.id),
  ])
  const isCloning = !isVolumeCurrent && source.kind === 'git' && (!source.isCloned || head === undefined)
  return {
    sandbox: sandboxId,
    repl: repl.id,
    replName: repl.name,
    generation,
    token,
    restore: !isVolumeCurrent && !isCloning,
    ...(isCloning && {
      clone: { url: source.url, ...(source.branch !== undefined && { branch: source.branch }) },
    }),
    run: repl.run ?? deps.templates.get(repl.template).manifest.run,
    isolation: deps.orchestrator.isolation().summary,
    ...(port !== undefined && { port }),
    diskLimitBytes: deps.sandboxLimits.diskBytes,
  }
}
