import type { AdoptRequest } from '#protocol/adoption.ts'
import type { Tokens } from '#server/auth/tokens.ts'
import type { Orchestrator, SandboxLimits } from '#server/orchestrator/orchestrator.ts'
import type { Repl } from '#server/repls/record.ts'
import type { KeptVariables } from '#server/repls/variables.ts'
import type { Templates } from '#server/workspaces/templates.ts'
import type { Workspaces } from '#server/workspaces/workspaces.ts'

interface AdoptRequestDeps {
  orchestrator: Orchestrator
  workspaces: Workspaces
  templates: Templates
  tokens: Tokens
  sandboxLimits: SandboxLimits
  variables: Pick<KeptVariables, 'of'>
}

/** What a repository's Run does is known from its files, which the runner has first. */
const UNKNOWN = { command: '' }

/**
 * What a sandbox is told when it becomes this repl's, and again when a part of it was started anew. `isResumed`: there is
 * live work in it. The sidecar never restores over live work, by its own marker beside the volume; so to ask for a restore
 * is safe, while not to ask would, on a volume that lost its marker, end in saving an empty workspace. For the same reason
 * a clone that was never saved is asked for again.
 */
export async function adoptRequestOf(
  deps: AdoptRequestDeps,
  repl: Repl,
  {
    sandboxId,
    isResumed,
    head,
    atHand,
  }: { sandboxId: string; isResumed: boolean } & Pick<AdoptRequest, 'head' | 'atHand'>,
): Promise<AdoptRequest> {
  const { generation, source } = repl
  const [token, port, variables, isCloning] = await Promise.all([
    deps.tokens.generation({ sandbox: sandboxId, repl: repl.id, generation }),
    deps.orchestrator.portOf(sandboxId),
    // Work can be saved though these cannot be read: then what its sandbox knows by now stays.
    isResumed ? deps.variables.of(repl).catch(() => undefined) : deps.variables.of(repl),
    // Live work can be gone on with while the store is away.
    isResumed ? mustClone(deps, repl).catch(() => false) : mustClone(deps, repl),
  ])
  const run = repl.run ?? (source.kind === 'git' ? UNKNOWN : deps.templates.ofRepl(repl.template).manifest.run)
  return {
    sandbox: sandboxId,
    repl: repl.id,
    replName: repl.name,
    generation,
    token,
    restore: !isCloning,
    ...(head !== undefined && { head }),
    ...(atHand !== undefined && { atHand }),
    ...(isCloning &&
      source.kind === 'git' && {
        clone: { url: source.url, ...(source.branch !== undefined && { branch: source.branch }) },
      }),
    run,
    ...(run.command === '' && { runGuesses: deps.templates.runGuesses() }),
    isolation: deps.orchestrator.isolation().summary,
    ...(port !== undefined && { port }),
    diskLimitBytes: deps.sandboxLimits.diskBytes,
    ...(variables !== undefined && { variables }),
  }
}

/** Whether there is no snapshot yet that holds the whole clone. */
async function mustClone({ workspaces }: AdoptRequestDeps, { id, source }: Repl): Promise<boolean> {
  return source.kind === 'git' && (!source.isCloned || (await workspaces.head(id)) === undefined)
}
