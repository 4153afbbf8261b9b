import type { Role } from '#protocol/roles.ts'
import type { Principal } from '#server/auth/principal.ts'
import type { Standing } from '#server/auth/standing.ts'
import { AppError } from '#server/errors.ts'
import type { Orchestrator } from '#server/orchestrator/orchestrator.ts'

/**
 * Without isolation the programs of every repl are programs of the server's own user: what they can read and do is
 * everybody's. So it is for one person, the administrator, unless the settings say otherwise.
 */
export interface Solitude {
  isKept: boolean
  /** `forbidden` unless the asker may run programs here. */
  requireAsker(who: Principal): void
  /** The same for a repl that is woken without anybody's name, by its owner. */
  requireOwner(ownerId: string): Promise<void>
  /** What a link makes of somebody: whoever may edit has a shell, so here it is a viewer, but for the administrator. */
  roleByLink(who: Principal, role: Role): Role
}

interface SolitudeDeps {
  orchestrator: Pick<Orchestrator, 'isolation'>
  standing: Pick<Standing, 'lookUp'>
  allowUnisolated: boolean
}

export function createSolitude({ orchestrator, standing, allowUnisolated }: SolitudeDeps): Solitude {
  const isAdmin = (who: Principal) => who.kind === 'user' && who.isAdmin
  const isKept = orchestrator.isolation().level === 'none' && !allowUnisolated
  return {
    isKept,
    requireAsker: (who) => {
      if (isKept && !isAdmin(who)) throw refusal()
    },
    requireOwner: async (ownerId) => {
      if (!isKept) return
      // As the settings have it now: what is kept of the owner is from when they signed in last.
      const { who } = await standing.lookUp(ownerId)
      if (who === undefined || !isAdmin(who)) throw refusal()
    },
    roleByLink: (who, role) => (isKept && !isAdmin(who) ? 'viewer' : role),
  }
}

function refusal(): AppError {
  return new AppError('forbidden', 'This server cannot isolate sandboxes, so only its administrator may start REPLs.', {
    advice:
      'Ask whoever runs it to install bubblewrap (see the log for why it does not work), or, if all who sign in may act as the server’s own user, to set ALLOW_UNISOLATED=true. ADMIN_GITHUB_USER names the administrator.',
  })
}
