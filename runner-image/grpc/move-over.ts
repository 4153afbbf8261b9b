import { lstatSync, readdirSync } from 'node:fs'
import { RunnerError } from '../errors.ts'
import { statEntry } from '../files/entries.ts'
import { move } from '../files/move.ts'
import type { OpenedSandbox } from '../opened-sandbox.ts'
import type { Place } from './places.ts'
import { remove } from './remove.ts'

interface Ends {
  source: Place
  target: Place
}

/**
 * Moves to where something may lie: that goes to the trash, and comes back if the move fails. Both in one folder. A folder
 * with something in it stays: who names it mostly means to move into it, as `mv` does.
 */
export async function moveOver(sandbox: OpenedSandbox, { source, target }: Ends): Promise<void> {
  const { folder } = source
  // Only what can be moved makes room.
  await statEntry(folder, source.path)
  const isAnother = lieApart({ source, target })
  if (isAnother) refuseFullFolder(target)
  const deletion = isAnother ? ((await remove(sandbox, target).catch(unlessAbsent)) ?? '') : ''
  try {
    await move(folder, { from: source.path, to: target.path })
  } catch (error) {
    if (deletion !== '') await bringBack(sandbox, target, deletion)
    throw error
  }
}

/** `false` where both are the same by two names, which the move refuses. Refuses itself where one is in the other. */
function lieApart({ source, target }: Ends): boolean {
  const from = source.folder.locate(source.path)
  const to = locateIfThere(target)
  if (to === undefined) return true
  if (to.startsWith(`${from}/`)) throw nested(target, source)
  if (from.startsWith(`${to}/`)) throw nested(source, target)
  return from !== to
}

function refuseFullFolder(target: Place): void {
  const absolute = locateIfThere(target)
  const there = absolute === undefined ? undefined : lstatSync(absolute, { throwIfNoEntry: false })
  if (absolute === undefined || there?.isDirectory() !== true || readdirSync(absolute).length === 0) return
  const { path } = target
  throw new RunnerError('conflict', `${path} is a folder with something in it, which is not replaced.`, {
    path,
    advice: `To move into it, name the new place whole: ${path}/<name>. To replace it, delete it first.`,
  })
}

function locateIfThere({ folder, path }: Place): string | undefined {
  try {
    return folder.locate(path)
  } catch (error) {
    return unlessAbsent(error)
  }
}

async function bringBack(sandbox: OpenedSandbox, { path }: Place, deletion: string): Promise<void> {
  await sandbox.trash.restore(deletion).catch((cause: unknown) => {
    throw new RunnerError('conflict', `Nothing was moved, but what lay at ${path} is in the trash now.`, {
      cause,
      path,
      advice: 'Look at what lies there, then tell the person you work for.',
    })
  })
}

function nested(inner: Place, outer: Place): RunnerError {
  return new RunnerError('conflict', `${inner.path} lies inside ${outer.path || outer.folder.root}.`, {
    path: inner.path,
    advice: 'Choose another place.',
  })
}

function unlessAbsent(error: unknown): undefined {
  if (error instanceof RunnerError && error.code === 'not_found') return undefined
  throw error
}
