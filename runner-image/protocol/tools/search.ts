import * as z from 'zod'
import { pathArgument } from './arguments.ts'
import { textTool } from './definition.ts'
import { DEFAULT_HITS, MAX_HITS, MAX_PATTERN_CHARS } from './limits.ts'

const path = pathArgument
  .default('.')
  .describe('Folder to search in. Default: the workspace. Outside of it with the scope repl:exec only.')
const limit = z.int().min(1).max(MAX_HITS).default(DEFAULT_HITS).describe('Most hits.')

export const glob = textTool({
  name: 'glob',
  title: 'Find files by name',
  description: 'Finds files whose path matches a pattern such as "src/**/*.ts", newest first.',
  input: z.strictObject({
    pattern: z
      .string()
      .min(1)
      .max(MAX_PATTERN_CHARS)
      .describe('Glob pattern; without a slash it matches names at any depth.'),
    path,
    limit,
    include_ignored: z.boolean().default(false).describe('Also what git ignores.'),
  }),
  hints: 'RI',
  scope: 'repl:read',
})

export const grep = textTool({
  name: 'grep',
  title: 'Search in files',
  description:
    'Searches the content of files with a regular expression. Gives path:line:text; leaves out what git ignores and binary files.',
  input: z.strictObject({
    pattern: z.string().min(1).max(MAX_PATTERN_CHARS).describe('JavaScript regular expression.'),
    path,
    glob: z
      .string()
      .min(1)
      .max(MAX_PATTERN_CHARS)
      .optional()
      .describe('Only files whose path matches this glob; with ! before it, only others.'),
    mode: z.enum(['content', 'files', 'count']).default('content').describe('Lines, paths of files, or hits per file.'),
    context: z.int().min(0).max(5).default(0).describe('Lines around each hit.'),
    ignore_case: z.boolean().default(false).describe('Ignore upper and lower case.'),
    multiline: z.boolean().default(false).describe('Let the pattern span lines.'),
    limit,
  }),
  hints: 'RI',
  scope: 'repl:read',
  alwaysLoad: true,
})
