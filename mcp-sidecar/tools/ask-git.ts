import { FILTERS_ASKED, harmlessGit } from '#protocol/harmless-git.ts'
import type { RunnerApi } from '../runner/runner-api.ts'
import { askProgram } from './ask-program.ts'

interface Question {
  args: string[]
  actor: string
  name: string
}

/** Adds the filters of the project to what the environment blanks, or gives up where they cannot be listed. */
const WITHOUT_FILTERS = String.raw`
count=$GIT_CONFIG_COUNT
while IFS= read -r -d '' key; do
  case $key in *.required) value=false;; *) value=;; esac
  export "GIT_CONFIG_KEY_$count=$key" "GIT_CONFIG_VALUE_$count=$value"
  count=$((count + 1))
done < <(git ${FILTERS_ASKED.map((word) => `'${word}'`).join(' ')})
wait $! || [ $? = 1 ] || exit
GIT_CONFIG_COUNT=$count exec git "$@"`

/**
 * What git knows of the project. Whoever may read may ask, and whoever may write may have written its configuration:
 * nothing that it names is run.
 */
export async function askGit(
  runner: RunnerApi,
  { args, actor, name }: Question,
  signal: AbortSignal,
): Promise<{ text: string; code: number | undefined }> {
  const command = ['bash', '-c', WITHOUT_FILTERS, 'git', ...args]
  return askProgram(runner, { command, actor, name, env: harmlessGit() }, signal)
}
