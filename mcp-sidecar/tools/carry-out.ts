import type { ErrorCode } from '#protocol/errors.ts'
import type { FilesApi } from '../runner/runner-api.ts'
import { SidecarError, toWireError } from '../sidecar-error.ts'

/** What is to become of one file. */
export interface Plan {
  op: 'add' | 'update' | 'delete' | 'move'
  path: string
  to: string
  /** What lies there, and what shall: `undefined` for nothing. */
  before: { text: string; etag: string; executable: boolean } | undefined
  after: string | undefined
  /** A new program. */
  isExecutable?: boolean
}

/** Takes back one thing that was done; refuses where somebody has changed it meanwhile. */
type Undo = () => Promise<unknown>

/** Some things that were done for a plan, the last one first when they are taken back. */
interface Done {
  plan: Plan
  undos: Undo[]
  etag?: string
  /** The last thing may have been done, or not. */
  isUncertain: boolean
}

/** Writes all, or takes back what was written: the etags of what lies there now. */
export async function carryOut(files: FilesApi, plans: readonly Plan[]): Promise<(string | undefined)[]> {
  const all: Done[] = []
  try {
    for (const plan of plans) {
      const done: Done = { plan, undos: [], isUncertain: false }
      all.push(done)
      await carryOutOne(files, done)
    }
    return all.map(({ etag }) => etag)
  } catch (error) {
    const { code, message, advice } = toWireError(error)
    const last = all.at(-1)
    if (last !== undefined) last.isUncertain = !REFUSALS.has(code)
    const left = await takeBack(all)
    const [outcome, next] =
      left.length === 0
        ? ['The patch was taken back; nothing is changed.', advice ?? 'Read the files again and write the patch anew.']
        : [`Not all of the patch could be taken back. May be changed: ${left.join(', ')}.`, 'Read these files before you go on.'] // prettier-ignore
    throw new SidecarError(code, `${message} ${outcome}`, { advice: next, cause: error })
  }
}

async function carryOutOne(files: FilesApi, done: Done): Promise<void> {
  const { undos } = done
  const { op, path, to, before, after, isExecutable = false } = done.plan
  if (after === undefined) {
    const { text = '', etag, executable = false } = before ?? {}
    await files.delete({ path, ...(etag !== undefined && { ifEtag: etag }) })
    undos.push(() => files.writeSmall({ path, createOnly: true, executable }, Buffer.from(text)))
    return
  }
  if (op === 'move') {
    await files.move({ from: path, to })
    undos.push(() => files.move({ from: to, to: path }))
  }
  const where =
    before === undefined
      ? { path: to, createOnly: true, ...(isExecutable && { executable: true }) }
      : { path: to, ifEtag: before.etag }
  const { etag } = await files.writeSmall(where, Buffer.from(after))
  done.etag = etag
  undos.push(() =>
    before === undefined
      ? deleteUnchanged(files, to, etag)
      : files.writeSmall({ path: to, ifEtag: etag }, Buffer.from(before.text)),
  )
}

/** The files that may not be as they were before. */
async function takeBack(all: readonly Done[]): Promise<string[]> {
  const left = await Promise.all(
    all.map(async ({ plan, undos, isUncertain }) => {
      let isBack = !isUncertain
      for (const undo of undos.toReversed()) {
        // What cannot be taken back is somebody else's by now, and theirs stays, or nobody knows.
        await undo().catch(() => {
          isBack = false
        })
      }
      return isBack ? [] : [plan.path, plan.to]
    }),
  )
  return [...new Set(left.flat())]
}

async function deleteUnchanged(files: FilesApi, path: string, etag: string): Promise<void> {
  const there = await files.stat(path)
  if (there.etag !== etag) throw new SidecarError('conflict', `${path} was changed meanwhile.`)
  await files.delete({ path })
}

/** With these nothing was done. After any other failure it may have been. */
const REFUSALS: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'bad_request',
  'forbidden',
  'not_found',
  'conflict',
  'too_large',
  'quota_exceeded',
])
