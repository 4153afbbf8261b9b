import { mkdir, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { RunnerError, toRunnerError } from '../errors.ts'
import { copyExactly } from './copy-exactly.ts'
import { removeTree } from './remove-tree.ts'
import { exists } from './workspace.ts'
import type { Workspace } from './workspace.ts'

interface FromTo {
  from: string
  to: string
}

/** Makes a folder, and those on the way to it. */
export async function makeFolder(workspace: Workspace, path: string): Promise<void> {
  try {
    await workspace.lock.run(async () => {
      const target = workspace.resolveNew(path)
      if (exists(target)) throw taken(path)
      await mkdir(target, { recursive: true })
    })
  } catch (error) {
    throw toRunnerError(error, path)
  }
}

/** Renames. Nothing that exists is ever replaced. */
export async function move(workspace: Workspace, { from, to }: FromTo): Promise<void> {
  try {
    await workspace.lock.run(async () => {
      const [source, target] = await ends(workspace, { from, to })
      await mkdir(dirname(target), { recursive: true })
      await rename(source, target)
    })
  } catch (error) {
    throw toRunnerError(error, from)
  }
}

/** Copies a file, or a folder with all in it: links as links, modes and times kept. Nothing is there until all of it is. */
export async function copy(workspace: Workspace, { from, to }: FromTo): Promise<void> {
  try {
    await workspace.lock.alongside(async (signal) => {
      const [source, target] = await ends(workspace, { from, to })
      await mkdir(dirname(target), { recursive: true })
      const aside = workspace.temporaryBeside(target)
      try {
        await copyExactly(source, aside, signal)
        await workspace.lock.run(async () => {
          if (exists(target)) throw taken(to)
          await rename(aside, target)
        })
      } finally {
        await removeTree(aside)
      }
    })
  } catch (error) {
    throw toRunnerError(error, from)
  }
}

/** Both ends of a move or copy, checked: the source exists, the target does not, and is not inside the source. */
async function ends(workspace: Workspace, { from, to }: FromTo): Promise<[string, string]> {
  if (from === '')
    throw new RunnerError('bad_request', 'The workspace itself cannot be moved or copied.', { path: from })
  const source = workspace.locate(from)
  if (!exists(source)) throw new RunnerError('not_found', `${from}: There is no such file or folder.`, { path: from })
  const target = await targetOf(workspace, to)
  if (target === source || exists(target)) throw taken(to)
  if (target.startsWith(`${source}/`)) {
    throw new RunnerError('conflict', `${to} lies inside ${from}.`, { path: to, advice: 'Choose another place.' })
  }
  return [source, target]
}

/** A symbolic link at `to` is something that is there, wherever it leads. */
async function targetOf(workspace: Workspace, to: string): Promise<string> {
  try {
    const located = workspace.locate(to)
    if (exists(located)) throw taken(to)
    return located
  } catch (error) {
    if (error instanceof RunnerError && error.code === 'not_found') return workspace.resolveNew(to)
    throw error
  }
}

function taken(path: string): RunnerError {
  return new RunnerError('conflict', `${path} exists already.`, { path, advice: 'Choose another name.' })
}
