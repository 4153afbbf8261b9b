import type { Auth } from '#server/auth/auth.ts'
import type { Authenticator } from '#server/auth/principal.ts'
import type { Env } from '#server/env.ts'
import type { Log } from '#server/log.ts'
import type { Access, Repls, Shares } from '#server/repls/repls.ts'
import type { Templates } from '#server/workspaces/templates.ts'

/** What procedures are served with. */
export interface ApiContext {
  env: Env
  log: Log
  auth: Authenticator
  access: Access
  repls: Repls
  shares: Shares
  templates: Templates
}

/** What pages and route handlers are served with. Made once by `createContext`, passed in, never imported. */
export interface Context extends ApiContext {
  auth: Auth
  /** Where browsers reach the app. */
  publicUrl(): URL
  /** Which ways to sign in this browser is offered (decided by settings, and for `local` by its one-time-URL cookie). */
  signInOptions(cookieHeader: string | null): Promise<{ github: boolean; local: boolean }>
}
