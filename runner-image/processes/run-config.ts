import * as z from 'zod'
import type { OpenRequest, RunDefaults } from '#protocol/adoption.ts'
import { runDefaultsSchema } from '#protocol/adoption.ts'
import { RunnerError, toRunnerError } from '../errors.ts'
import { readSmallFile } from '../files/read.ts'
import type { Workspace } from '../files/workspace.ts'
import { writeText } from '../files/write.ts'
import { MAX_PROJECT_FILE_BYTES } from '../limits.ts'
import { guessRun } from './guess-run.ts'

/** The project's own settings, at the workspace's top: `{"run": {"command": "npm start", "port": 3000}}`. */
const PROJECT_FILE = '.devex.json'

const projectFileSchema = z.looseObject({ run: runDefaultsSchema.optional() })

/** What Run runs: the project's file, else what the platform said, else a guess from the files. `''`: nothing known. */
export async function readRunConfig(
  workspace: Workspace,
  { run: defaults, runGuesses = [] }: Pick<OpenRequest, 'run' | 'runGuesses'>,
): Promise<RunDefaults> {
  const project = await readProject(workspace).catch(() => undefined)
  if (project?.run !== undefined && project.run.command !== '') return project.run
  if (defaults.command !== '') return defaults
  return guessRun(workspace, runGuesses)
}

/** Writes `run` into the project's file and leaves everything else in it alone. */
export async function writeRunConfig(workspace: Workspace, run: RunDefaults): Promise<void> {
  const project = await readProject(workspace)
  const content = `${JSON.stringify({ ...project, run }, undefined, 2)}\n`
  await writeText(workspace, { path: PROJECT_FILE, content, ifMatch: 'any' })
}

async function readProject(workspace: Workspace): Promise<z.infer<typeof projectFileSchema>> {
  const text = await readSmallFile(workspace, PROJECT_FILE, MAX_PROJECT_FILE_BYTES).catch((error: unknown) => {
    if (toRunnerError(error).code === 'not_found') return '{}'
    throw error
  })
  try {
    return projectFileSchema.parse(JSON.parse(text))
  } catch (error) {
    throw new RunnerError('conflict', `${PROJECT_FILE} cannot be understood: it is not JSON of the expected form.`, {
      cause: error,
      path: PROJECT_FILE,
      advice: 'Correct it in the editor, or delete it.',
    })
  }
}
