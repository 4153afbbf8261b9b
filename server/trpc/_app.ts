import { createAgents } from '#server/agents/agents.ts'
import { createCallLog } from '#server/agents/calls.ts'
import { createConnections } from '#server/agents/connections.ts'
import type { Authenticator, Principal } from '#server/auth/principal.ts'
import { readEnv } from '#server/env.ts'
import { createLog } from '#server/log.ts'
import { createMetrics } from '#server/metrics/metrics.ts'
import { standInTemplates } from '#server/repls/_stand-ins.ts'
import type { TestBed } from '#server/repls/_domain.ts'
import type { HttpContext } from '#server/trpc/http.ts'

/** Who a cookie `who=<id>` belongs to: the stand-in for sign-in. */
export interface People extends Authenticator {
  signIn(who: Principal): string
  signOut(who: Principal): void
}

export function createPeople(): People {
  const byCookie = new Map<string, Principal>()
  return {
    principalOf: async (cookie) => byCookie.get(cookie ?? ''),
    signIn: (who) => {
      byCookie.set(`who=${who.id}`, who)
      return `who=${who.id}`
    },
    signOut: (who) => byCookie.delete(`who=${who.id}`),
  }
}

/** The application as procedures see it, around a domain under test. */
export function appOf(b: TestBed, { people, publicUrl }: { people: Authenticator; publicUrl: URL }): HttpContext {
  const { access, repls, history, shares, variables } = b.domain
  const { stateStore } = b
  const log = createLog({ level: 'info', format: 'text', write: (line) => b.lines.push(line) })
  return {
    env: readEnv({}),
    log,
    agents: createAgents({
      connections: createConnections({ stateStore, log, now: () => b.now() }),
      calls: createCallLog({ stateStore, metrics: createMetrics(), log }),
      access,
      history,
      onCut: async () => {},
    }),
    auth: people,
    access,
    repls,
    history,
    shares,
    variables,
    templates: standInTemplates(),
    publicUrl: () => publicUrl,
  }
}
