import { parseArgs } from 'node:util'
import { createSecretBox } from '#server/auth/secret-box.ts'
import { createUsers } from '#server/auth/users.ts'
import { openDataFolder } from '#server/data-folder.ts'
import { AppError } from '#server/errors.ts'
import { processEnv } from '#server/env.ts'
import { openObjectStore, openStateStore } from '#server/open-stores.ts'
import { checkGivingBack, registerAgain, storedRepls } from '#server/repls/recover.ts'
import { findLockedOut, letInAgain } from '#server/repls/recover-locked-out.ts'
import { trustToo } from '#server/trust.ts'
import type { Users } from '#server/auth/users.ts'
import type { LockedOut } from '#server/repls/recover-locked-out.ts'
import type { StoredRepl } from '#server/repls/recover.ts'
import type { StateStore } from '#server/state-store/state-store.ts'

const USAGE = `Lists and registers again the REPLs whose files the object store holds, after the state store was lost.

  npm run recover                          list them, by owner
  npm run recover -- --owner ID --user U   give what owner ID had back to user U

U is a GitHub login, or "local" for whoever signs in on this machine. U signs in once first, so that they are known, and
once more afterwards; they make no REPL in between. Somebody whom an earlier run with a mistyped ID has locked out cannot
sign in first, and need not. Settings are those of the control plane (.env). Nothing is ever deleted.`

const { values } = parseArgs({
  options: { owner: { type: 'string' }, user: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
})

if (values.help === true) console.log(USAGE)
else {
  const env = processEnv()
  if (env.CA_FILE !== undefined) await trustToo(env.CA_FILE)
  const data = await openDataFolder(env.DEVEX_DATA)
  await using stateStore = await openStateStore(env, data.path)
  await using objectStore = await openObjectStore(env, {
    folder: data.path,
    box: createSecretBox(env.DEVEX_SECRET ?? data.secret),
  })
  const stored = await Array.fromAsync(storedRepls(objectStore, stateStore))
  if (values.owner === undefined || values.user === undefined) {
    for (const repl of stored.toSorted((a, b) => a.ownerId.localeCompare(b.ownerId))) {
      const saved = new Date(repl.savedAt).toISOString()
      const state = repl.isRegistered ? 'registered' : 'LOST'
      console.log([repl.ownerId, repl.replId, saved, `${repl.files} files`, state, repl.name].join('  '))
    }
    const lost = stored.filter(({ isRegistered }) => !isRegistered).length
    console.log(lost === 0 ? 'Nothing is lost.' : `${lost} REPLs are not registered. See npm run recover -- --help.`)
  } else {
    try {
      await giveBack(stateStore, stored, { owner: values.owner, wanted: values.user })
    } catch (error) {
      if (!(error instanceof AppError)) throw error
      console.error([error.message, error.advice].join('\n'))
      process.exitCode = 1
    }
  }
}

async function giveBack(
  stateStore: StateStore,
  stored: StoredRepl[],
  { owner, wanted }: { owner: string; wanted: string },
): Promise<void> {
  const users = createUsers(stateStore)
  const lockedOut = await findLockedOut(stateStore)
  const { id } = await find(users, lockedOut, wanted)
  await checkGivingBack(stateStore, stored, { userId: id, ownerId: owner })
  // All of them: where one is, nobody can become anybody.
  const freshIds = new Map<string, string>()
  for (const person of lockedOut) {
    freshIds.set(person.id, await letInAgain(stateStore, person))
    console.log(`${person.name} can sign in again: an earlier run had made them ${person.id}, which nobody can be.`)
  }
  const user = await users.becomeAgain(freshIds.get(id) ?? id, owner)
  const lost = stored.filter(({ ownerId, isRegistered }) => ownerId === owner && !isRegistered)
  for (const repl of lost) {
    await registerAgain(stateStore, repl, user.name)
    console.log(`registered ${repl.replId}  ${repl.name}`)
  }
  console.log(`${lost.length} REPLs are ${user.name}'s again. ${user.name} signs in once more to see them.`)
}

async function find(users: Users, lockedOut: LockedOut[], wanted: string): Promise<{ id: string }> {
  const isWanted = ({ provider, login }: Pick<LockedOut, 'provider' | 'login'>) =>
    wanted === 'local' ? provider === 'local' : login === wanted
  for await (const id of users.ids()) {
    const user = await users.get(id)
    if (user !== undefined && isWanted(user)) return user
  }
  const person = lockedOut.find(isWanted)
  if (person !== undefined) return person
  throw new AppError('not_found', `Nobody called ${wanted} has signed in since.`, {
    advice: 'Sign in once, then try again.',
  })
}
