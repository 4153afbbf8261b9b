/**
 * How git is asked about a project that somebody else may have made: a project's configuration names programs (a file
 * system monitor, hooks, filters, ways to fetch), and looking at it is no reason to run them. From git-config(1),
 * "GIT_CONFIG_COUNT", and git(1), "GIT_ALLOW_PROTOCOL". Filters have names of their own: `FILTERS_ASKED` asks for them.
 */
const SETTINGS: [string, string][] = [
  ['core.fsmonitor', 'false'],
  ['core.hooksPath', '/dev/null'],
  // A folder that only looks like a repository: its configuration is what an agent may write.
  ['safe.bareRepository', 'explicit'],
]

/** Lists the settings of filters, for `harmlessGit`. Reading settings runs nothing. Exit code 1: there are none. */
export const FILTERS_ASKED = ['config', '-z', '--includes', '--name-only', '--get-regexp', String.raw`^filter\.`]

/** `git status` and `git diff` look into submodules, whose configuration is their own. */
export const SUBMODULES_LEFT = '--ignore-submodules=dirty'

/** What a comparison with the working tree leaves alone besides. */
export const DIFF_PROGRAMS_LEFT = ['--no-ext-diff', '--no-textconv']

/** Environment of such a question. `filters`: the answer to `FILTERS_ASKED`, which a comparison of files needs. */
export function harmlessGit(filters = ''): Record<string, string> {
  const names = filters.split('\0').filter((name) => name !== '')
  const blanks = names.map((name): [string, string] => [name, name.endsWith('.required') ? 'false' : ''])
  const settings = [...SETTINGS, ...blanks]
  return {
    GIT_OPTIONAL_LOCKS: '0',
    GIT_TERMINAL_PROMPT: '0',
    // Of a clone that is missing objects, git would fetch them, by a program that the configuration names.
    GIT_ALLOW_PROTOCOL: 'none',
    GIT_CONFIG_COUNT: String(settings.length),
    ...Object.fromEntries(
      settings.flatMap(([key, value], index) => [
        [`GIT_CONFIG_KEY_${index}`, key],
        [`GIT_CONFIG_VALUE_${index}`, value],
      ]),
    ),
  }
}
