/** Resources that every REPL has, and templates of those that it may have: as data, so that they can be listed while it sleeps. */

export interface ResourceDefinition {
  uri: string
  name: string
  title: string
  description: string
  mimeType: string
}

export const staticResources: ResourceDefinition[] = [
  resource({
    uri: 'repl://tree',
    title: 'Files',
    description: 'The tree of the workspace, two levels deep.',
    mimeType: 'text/plain',
  }),
  resource({
    uri: 'repl://processes',
    title: 'Processes',
    description: 'Commands and terminals that run.',
    mimeType: 'application/json',
  }),
  resource({
    uri: 'repl://ports',
    title: 'Ports',
    description: 'Ports that something listens on.',
    mimeType: 'application/json',
  }),
  resource({
    uri: 'repl://environment',
    title: 'Environment',
    description: 'Languages, limits, names of environment variables.',
    mimeType: 'application/json',
  }),
  resource({
    uri: 'repl://git/status',
    title: 'Git status',
    description: 'What git status says.',
    mimeType: 'text/plain',
  }),
  resource({ uri: 'repl://git/diff', title: 'Git diff', description: 'What git diff says.', mimeType: 'text/x-diff' }),
]

export const resourceTemplates = [
  {
    uriTemplate: 'file:///workspace/{+path}',
    name: 'file',
    title: 'A file of the workspace',
    description: 'Text up to 1 MiB; other files as base64.',
  },
  {
    uriTemplate: 'repl://process/{id}/log',
    name: 'process-log',
    title: 'The output of a process',
    description: 'All that is kept of what a process has written.',
    mimeType: 'text/plain',
  },
] as const

function resource(shown: Omit<ResourceDefinition, 'name'>): ResourceDefinition {
  return { name: shown.uri.slice('repl://'.length).replace('/', '-'), ...shown }
}
