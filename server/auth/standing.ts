import { isAdministrator, isNamed } from '#server/auth/github.ts'
import type { GithubSettings } from '#server/auth/github.ts'
import { memberKey } from '#server/auth/members.ts'
import type { Members } from '#server/auth/members.ts'
import { principalOfUser } from '#server/auth/principal.ts'
import type { Principal } from '#server/auth/principal.ts'
import type { User, Users } from '#server/auth/users.ts'
import type { StoredRecord } from '#server/state-store/state-store.ts'

/**
 * Turns a user into who asks: the one place where that is done, for browsers and agents alike. Having signed in once is
 * not enough: who may come in, and who is the administrator, is what the settings say now.
 */
export interface Standing {
  /** The user as who asks, and what lies at `keys`, in one read; nobody where they may not come in any more. */
  lookUp(
    userId: string,
    keys?: string[],
  ): Promise<{ who: Principal | undefined; records: (StoredRecord | undefined)[] }>
  /** They have just signed in, and were let in. */
  welcome(user: User): Promise<void>
}

interface StandingDeps {
  users: Users
  github: GithubSettings | undefined
  members: Members | undefined
}

export function createStanding({ users, github, members }: StandingDeps): Standing {
  const principalOf = async (user: User, known: StoredRecord | undefined): Promise<Principal | undefined> => {
    // Of another way to sign in than there is now, nobody is left.
    if (user.provider !== (github === undefined ? 'local' : 'github')) return undefined
    if (github === undefined) return principalOfUser(user)
    const login = user.login ?? ''
    if (!isNamed(github, login) && (await members?.has(user.id, known)) !== true) return undefined
    return principalOfUser({ ...user, isAdmin: isAdministrator(github, login) })
  }

  return {
    lookUp: async (userId, keys = []) => {
      const beside = members === undefined ? keys : [...keys, memberKey(userId)]
      const { user, records } = await users.getWith(userId, beside)
      const known = members === undefined ? undefined : records.at(-1)
      return { who: user === undefined ? undefined : await principalOf(user, known), records }
    },
    welcome: async (user) => {
      if (github !== undefined && !isNamed(github, user.login ?? '')) await members?.welcome(user.id)
    },
  }
}
