import type { User } from '#server/auth/users.ts'

/** Who asks. A `guest` came through a share link that its owner opened to people who are not signed in. */
export type Principal =
  | { kind: 'user'; id: string; name: string; hasAvatar: boolean; isAdmin: boolean }
  | { kind: 'guest'; id: string; name: string }

/** Turns a request's cookies into who asks. */
export interface Authenticator {
  /** `undefined`: nobody. `cookieHeader` is the request's `Cookie` header. */
  principalOf(cookieHeader: string | null | undefined): Promise<Principal | undefined>
}

/** A signed-in user as who asks. */
export function principalOfUser({ id, name, avatarUrl, isAdmin }: User): Extract<Principal, { kind: 'user' }> {
  return { kind: 'user', id, name, hasAvatar: avatarUrl !== undefined, isAdmin }
}
