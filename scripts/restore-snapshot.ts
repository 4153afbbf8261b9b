import { parseArgs } from 'node:util'
import { createSecretBox } from '#server/auth/secret-box.ts'
import { processEnv } from '#server/env.ts'
import { openObjectStore } from '#server/open-stores.ts'
import { trustToo } from '#server/trust.ts'
import { readHead } from '#server/workspaces/head.ts'
import { openSnapshot } from '#server/workspaces/history/open-snapshot.ts'
import { writeTree } from '#server/workspaces/history/write-tree.ts'

const USAGE = `Restores a REPL's files from the object store with nothing else running.

  npm run restore -- REPL                          list its snapshots
  npm run restore -- REPL FOLDER [--snapshot ID]   write one (the newest) into FOLDER, which must be empty

FOLDER gets workspace/ and home/. Settings are those of the control plane (OBJECT_STORE, S3_…, DEVEX_DATA).`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { snapshot: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
})
const [replId, folder] = positionals

if (values.help === true || replId === undefined) console.log(USAGE)
else {
  const env = processEnv()
  if (env.CA_FILE !== undefined) await trustToo(env.CA_FILE)
  // Reading needs no secret: this one only fills the place of what signs URLs.
  const box = createSecretBox(env.DEVEX_SECRET ?? 'nothing is signed here, and nothing is opened')
  await using objectStore = await openObjectStore(env, { folder: env.DEVEX_DATA, box })
  const head = (await readHead(objectStore, replId))?.head
  if (head === undefined) throw new Error(`The object store holds nothing of a REPL ${replId}.`)
  if (folder === undefined) {
    for (const row of head.history) {
      const parts = [row.id, new Date(row.savedAt).toISOString(), row.reason, `${row.files} files`, row.name ?? '']
      console.log(parts.join('  '))
    }
  } else {
    const wanted = values.snapshot ?? head.history[0]?.id
    const row = head.history.find(({ id }) => id === wanted)
    if (row === undefined) throw new Error(`There is no snapshot ${wanted} of it. Leave FOLDER out to list them.`)
    const snapshot = await openSnapshot(objectStore, { replId, ownerId: head.owner }, row.manifest)
    await writeTree(snapshot, folder)
    console.log(`Wrote ${row.files} files of ${new Date(row.savedAt).toISOString()} to ${folder}.`)
  }
}
