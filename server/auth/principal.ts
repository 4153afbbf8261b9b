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

/** One time that somebody signed in with a browser, until they sign out there. */
export interface SignIn {
  userId: string
  signInId: string
}

/** Also knows who a sign-in is of where its cookie does not come along: on the hosts of previews. */
export interface SignInAuthenticator extends Authenticator {
  /** Whose cookies these are, ended or not: nothing is read. `undefined`: of no sign-in. */
  signInOf(cookieHeader: string | null | undefined): Promise<SignIn | undefined>
  /** Who its cookie is good for now; nobody once it has ended, or where they may not come in any more. One read. */
  holderOf(signIn: SignIn): Promise<Principal | undefined>
}

/** A signed-in user as who asks. */
export function principalOfUser({ id, name, avatarUrl, isAdmin }: User): Extract<Principal, { kind: 'user' }> {
  return { kind: 'user', id, name, hasAvatar: avatarUrl !== undefined, isAdmin }
}

/** What the person is called who signed in on this machine: by nobody but themselves. */
export const LOCAL_NAME = 'You'

/** What somebody is called where others see it. */
export function nameForOthers({ name }: Principal): string {
  return name === LOCAL_NAME ? 'Owner' : name
}
