import { RunnerError } from '../errors.ts'
import { GIT_CHANGE_TIMEOUT_MS } from '../limits.ts'
import { GitRefusal, runGit } from './run-git.ts'
import type { Trash } from './trash.ts'
import { exists } from './workspace.ts'
import type { Workspace } from './workspace.ts'

interface DiscardOptions {
  workspace: Workspace
  trash: Trash
  env: Record<string, string>
}

interface Discarded {
  /** What the trash knows by what the file was; absent where there was none. */
  deletion?: string
  /** Paths of what the last commit had. */
  restored: string[]
}

/**
 * Brings a changed file to where the last commit has it, on the disk and in the index; what it was goes to the trash. Of
 * one that was renamed, `from` is where it was.
 */
export async function discardChange(
  { path, from }: { path: string; from?: string | undefined },
  { workspace, trash, env }: DiscardOptions,
): Promise<Discarded> {
  const literally = { ...env, GIT_LITERAL_PATHSPECS: '1', LC_ALL: 'C' }
  const git = (args: string[]): Promise<string> =>
    runGit(args, { folder: workspace.root, env: literally, timeoutMs: GIT_CHANGE_TIMEOUT_MS })
  const paths = [path, ...(from === undefined ? [] : [from])]
  const deletion = exists(workspace.locate(path)) ? await trash.delete(path) : undefined
  try {
    await git(['reset', '-q', '--', ...paths])
    const had = (await git(['ls-files', '-z', '--', ...paths])).split('\0').slice(0, -1)
    // Where it was moved from there may be another file by now: nobody asked for that one to go.
    const restored = had.filter((one) => !exists(workspace.locate(one)))
    if (restored.length > 0) await git(['checkout-index', '-q', '-u', '--', ...restored])
    return { restored, ...(deletion !== undefined && { deletion }) }
  } catch (error) {
    if (deletion !== undefined && !exists(workspace.locate(path))) await trash.restore(deletion)
    throw error instanceof GitRefusal ? refusal(error) : error
  }
}

function refusal({ said }: GitRefusal): RunnerError {
  const why = said.trim().split('\n').at(-1) ?? ''
  return new RunnerError('unavailable', `Git did not bring it back${why === '' ? '.' : `: ${why}`}`, {
    advice: 'Nothing is lost. Run git status in a terminal: it says more.',
  })
}
