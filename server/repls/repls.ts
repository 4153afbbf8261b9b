import type { Role } from '#protocol/roles.ts'
import type { Principal } from '#server/auth/principal.ts'
import type { CreateRepl, CreateShare, ReplView, ShareView } from '#server/repls/views.ts'

/** What pages and agents do with repls. Every call checks who asks; an unknown repl and a forbidden one are both `not_found`. */
export interface Repls {
  /** Own repls and those shared with the asker, last used first. Deleted ones that can be restored come with `state.kind: 'deleted'`. */
  list(who: Principal): Promise<ReplView[]>
  get(who: Principal, replId: string): Promise<ReplView>
  /** Makes it and begins its first start; quota and record in one transaction. */
  create(who: Principal, input: CreateRepl): Promise<ReplView>
  rename(who: Principal, replId: string, name: string): Promise<ReplView>
  /** Takes away the end that it was made with (`ephemeral`, `ttlMinutes`). */
  keep(who: Principal, replId: string): Promise<ReplView>
  /** Does not stop it for want of use for so many minutes; 0: as ever. */
  keepAwake(who: Principal, replId: string, minutes: number): Promise<ReplView>
  /** Begins a start, or joins the one under way. Also the way out of a failed start (`retry-start`) and of a failed save (`resume`). */
  start(who: Principal, replId: string): Promise<ReplView>
  /** Begins save and stop, or joins them. Also `retry-stop`. */
  stop(who: Principal, replId: string): Promise<ReplView>
  /** Stops and hides it; restorable for 7 days. */
  delete(who: Principal, replId: string): Promise<void>
  restore(who: Principal, replId: string): Promise<ReplView>
  setPortPublic(who: Principal, replId: string, options: { port: number; isPublic: boolean }): Promise<ReplView>
  /** The repl now and after every change, until `signal` aborts or the asker loses access (ends with `forbidden`). */
  watch(who: Principal, replId: string, signal: AbortSignal): AsyncIterable<ReplView>
  /** The list now and after every change. */
  watchList(who: Principal, signal: AbortSignal): AsyncIterable<ReplView[]>
}

/** A sandbox that serves a repl now. */
export interface RunningSandbox {
  sandboxId: string
  generation: number
}

export interface WakeOptions {
  /** Whether somebody needs it now; not an open page that connects again, nor a poll of a preview. */
  isMeant?: boolean
}

/** Starting and stopping, without asking who wants it: the gateway's and the sweeper's door. */
export interface Lifecycle {
  /**
   * Wakes the repl if it sleeps and waits until its terminals open. Joins a start under way. `unavailable` with the reason
   * if it fails, and of one that is just being stopped unless it is `meant`: then it is started again after its stop.
   */
  ensureRunning(replId: string, signal: AbortSignal, options?: WakeOptions): Promise<RunningSandbox>
  /** The sandbox if it runs now; never starts one. */
  running(replId: string): Promise<RunningSandbox | undefined>
  /** Someone used it just now: the idle rule's clock (kept to one write a minute). */
  touch(replId: string): void
  /** Saves and stops every running repl and removes spare sandboxes: Ctrl-C on a laptop. */
  stopAll(): Promise<void>
}

/** How somebody comes to have a role. `share`: gone when the link is revoked or expires. */
export type AccessVia = { kind: 'owner' } | { kind: 'share'; shareId: string; expiresAt?: number }

export interface Grant {
  role: Role
  via: AccessVia
}

/** Who may do what in a repl. */
export interface Access {
  /** The best role, or `undefined`. */
  grantOf(who: Principal | undefined, replId: string): Promise<Grant | undefined>
  /** `unauthenticated` where nobody asks, `not_found` where they may not know, `forbidden` where the role is too low. */
  require(who: Principal | undefined, replId: string, role: Role): Promise<Grant>
  /** Calls `listener` when grants of the repl may have changed (revoked, expired, deleted): ask `grantOf` again. */
  onChange(replId: string, listener: () => void): Promise<AsyncDisposable>
  /** Whether anybody may see this port's preview. */
  isPortPublic(replId: string, port: number): Promise<boolean>
}

export interface Shares {
  /** Owner only. The token is in the answer and nowhere else: it is stored hashed. */
  create(who: Principal, replId: string, input: CreateShare): Promise<{ share: ShareView; token: string }>
  list(who: Principal, replId: string): Promise<ShareView[]>
  /** Live connections through it end within a second. */
  revoke(who: Principal, replId: string, shareId: string): Promise<void>
  /** Takes back what a link gave to one person, or lets them in by it again; their live connections end within a second. */
  setOut(who: Principal, replId: string, person: { shareId: string; personId: string; isOut: boolean }): Promise<void>
  /**
   * Opens a link. Signed in: a grant tied to the link. Signed out: with a link that allows it, a guest (the cookie value
   * to set); else `unauthenticated`. Unknown, expired or revoked: `gone`.
   */
  redeem(
    who: Principal | undefined,
    token: string,
  ): Promise<{ replId: string; guestCookie?: { value: string; maxAgeSeconds: number } }>
  /** What the guest behind this cookie has in a REPL is theirs from now on, who signed in: whether that was anything. */
  carryOver(who: Extract<Principal, { kind: 'user' }>, from: { guestCookie: string; replId: string }): Promise<boolean>
}
