/** What the help sheet, the settings and the docs say about keys. */
export const KEY_GROUPS = [
  {
    title: 'List of REPLs',
    keys: [
      { keys: 'n', does: 'New REPL' },
      { keys: '/', does: 'Search' },
      { keys: 'up', does: 'REPL above' },
      { keys: 'down', does: 'REPL below' },
      { keys: 'enter', does: 'Open' },
      { keys: '?', does: 'This help' },
    ],
  },
  {
    title: 'Workbench',
    keys: [
      { keys: 'mod+shift+p', does: 'All commands' },
      { keys: 'mod+p', does: 'Open a file by name' },
      { keys: 'mod+s', does: 'Save' },
      { keys: 'mod+b', does: 'Show or hide the file tree' },
      { keys: 'ctrl+`', does: 'Show or hide the terminals' },
      { keys: 'mod+enter', does: 'Run or stop' },
    ],
  },
] as const
