import { COMMANDS } from '#components/ide/commands.ts'

export interface KeyGroup {
  title: string
  keys: { keys: string; does: string }[]
}

const LIST: KeyGroup = {
  title: 'List of REPLs',
  keys: [
    { keys: 'n', does: 'New REPL' },
    { keys: '/', does: 'Search' },
    { keys: 'down', does: 'Next REPL' },
    { keys: 'up', does: 'Previous REPL' },
    { keys: 'enter', does: 'Open' },
    { keys: '?', does: 'Show the keys' },
  ],
}

/** Every key there is, for the help sheet, the settings and the docs: those of the list, and the workbench's commands. */
export const KEY_GROUPS: readonly KeyGroup[] = [LIST, ...workbenchGroups()]

function workbenchGroups(): KeyGroup[] {
  const entries = COMMANDS.flatMap(({ group, title, keys }) =>
    keys?.[0] === undefined ? [] : [{ group, keys: keys[0], does: title }],
  )
  return [...Map.groupBy(entries, (entry) => entry.group)].map(([group, keys]) => ({
    title: `Workbench: ${group === 'REPL' ? group : group.toLowerCase()}`,
    keys,
  }))
}
