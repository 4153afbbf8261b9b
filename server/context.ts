import type { Authenticator } from '#server/auth/principal.ts'
import type { Env } from '#server/env.ts'
import type { Log } from '#server/log.ts'
import type { ObjectStore } from '#server/object-store/object-store.ts'
import type { Orchestrator } from '#server/orchestrator/orchestrator.ts'
import type { Access, Lifecycle, Repls, Shares } from '#server/repls/repls.ts'
import type { StateStore } from '#server/state-store/state-store.ts'
import type { Templates } from '#server/workspaces/templates.ts'

/** Everything that requests are served with. Made once by `createContext`, passed in, never imported. */
export interface Context {
  env: Env
  log: Log
  stateStore: StateStore
  objectStore: ObjectStore
  orchestrator: Orchestrator
  auth: Authenticator
  access: Access
  repls: Repls
  lifecycle: Lifecycle
  shares: Shares
  templates: Templates
  /** Which ways to sign in this browser is offered (decided by settings, and for `local` by its one-time-URL cookie). */
  signInOptions(cookieHeader: string | null): Promise<{ github: boolean; local: boolean }>
}
