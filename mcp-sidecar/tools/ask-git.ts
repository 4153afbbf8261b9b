import { HARMLESS_GIT, comparingGit } from '#protocol/harmless-git.ts'
import type { RunnerApi } from '../runner/runner-api.ts'
import { askProgram } from './ask-program.ts'

interface Question {
  args: string[]
  actor: string
  name: string
}

/**
 * What git knows of the project. Whoever may read may ask, and whoever may write may have written its configuration:
 * nothing that it names is run.
 */
export async function askGit(
  runner: RunnerApi,
  { args, ...who }: Question,
  signal: AbortSignal,
): Promise<{ text: string; code: number | undefined }> {
  return askProgram(runner, { command: comparingGit(args), env: HARMLESS_GIT, ...who }, signal)
}
