/**
 * How git is asked about a project that somebody else may have made: a project's configuration names programs (a file
 * system monitor, hooks, filters, ways to fetch), and looking at it is no reason to run them. From git-config(1),
 * "GIT_CONFIG_COUNT", and git(1), "GIT_ALLOW_PROTOCOL".
 */
const SETTINGS = [
  ['core.fsmonitor', 'false'],
  ['core.hooksPath', '/dev/null'],
  // A folder that only looks like a repository: its configuration is what an agent may write.
  ['safe.bareRepository', 'explicit'],
] as const

/** Environment of any question. */
export const HARMLESS_GIT: Readonly<Record<string, string>> = {
  GIT_OPTIONAL_LOCKS: '0',
  GIT_TERMINAL_PROMPT: '0',
  // Of a clone that is missing objects, git would fetch them, by a program that the configuration names.
  GIT_ALLOW_PROTOCOL: 'none',
  GIT_CONFIG_COUNT: String(SETTINGS.length),
  ...Object.fromEntries(
    SETTINGS.flatMap(([key, value], index) => [
      [`GIT_CONFIG_KEY_${index}`, key],
      [`GIT_CONFIG_VALUE_${index}`, value],
    ]),
  ),
}

/**
 * Filters have names of their own, which may hold anything: each setting of one is blanked, or git is not asked at all.
 * Reading settings runs nothing; it ends with 1 where there are none.
 */
const WITHOUT_FILTERS = String.raw`
count=$GIT_CONFIG_COUNT
while IFS= read -r -d '' key; do
  case $key in *.required) value=false;; *) value=;; esac
  export "GIT_CONFIG_KEY_$count=$key" "GIT_CONFIG_VALUE_$count=$value"
  count=$((count + 1))
done < <(git config -z --includes --name-only --get-regexp '^filter\.')
wait $! || [ $? = 1 ] || exit 2
GIT_CONFIG_COUNT=$count exec git "$@"`

/** The command for a question that compares files, in the environment `HARMLESS_GIT`. */
export function comparingGit(args: readonly string[]): string[] {
  return ['bash', '-c', WITHOUT_FILTERS, 'git', ...args]
}

/** `git status` and `git diff` look into submodules, whose configuration is their own. */
export const SUBMODULES_LEFT = '--ignore-submodules=dirty'

/** What a comparison with the working tree leaves alone besides. */
export const DIFF_PROGRAMS_LEFT = ['--no-ext-diff', '--no-textconv']
