import * as z from 'zod'
import { ifEtag, pathArgument } from './arguments.ts'
import { recordTool, textTool } from './definition.ts'
import {
  DEFAULT_READ_LINES,
  MAX_DIR_ENTRIES,
  MAX_FILE_CALL_BYTES,
  MAX_PATCH_CHARS,
  MAX_RESULT_CHARS,
  MIN_RESULT_CHARS,
  RESULT_CHARS,
} from './limits.ts'

const path = pathArgument.describe('Absolute, or relative to the workspace.')
const readPath = pathArgument.describe(
  'Relative to the workspace, or absolute. Outside of the workspace with the scope repl:exec only.',
)

export const readFile = textTool({
  name: 'read_file',
  title: 'Read a file',
  description:
    'Reads a text file with line numbers, or shows an image (PNG, JPEG, GIF, WebP). The last line gives the lines shown and the etag to write with. For other or large files set link: you get a download URL.',
  input: z.strictObject({
    path: readPath,
    offset: z.int().min(1).default(1).describe('First line, from 1.'),
    limit: z.int().min(1).max(100_000).default(DEFAULT_READ_LINES).describe('How many lines.'),
    max_chars: z
      .int()
      .min(MIN_RESULT_CHARS)
      .max(MAX_RESULT_CHARS)
      .default(RESULT_CHARS)
      .describe('Longest result in characters.'),
    link: z.boolean().default(false).describe('Answer with a URL to download the file from, good for 15 minutes.'),
  }),
  hints: 'RI',
  scope: 'repl:read',
  alwaysLoad: true,
})

export const writeFile = recordTool({
  name: 'write_file',
  title: 'Write a file',
  description:
    'Writes a whole text file and makes folders on the way. Up to 1 MiB; for more, set link instead of content and PUT the bytes to the URL that you get.',
  input: z.strictObject({
    path,
    content: z.string().max(MAX_FILE_CALL_BYTES).optional().describe('The whole new content.'),
    link: z.boolean().default(false).describe('Answer with a URL to PUT the content to, good for 15 minutes.'),
    if_etag: ifEtag,
    create_only: z.boolean().default(false).describe('Refuse if the file exists.'),
    executable: z.boolean().optional().describe('Whether it may be run as a program.'),
  }),
  output: z.object({
    path: z.string(),
    bytes: z.int().optional(),
    created: z.boolean().optional(),
    etag: z.string().optional(),
    upload_url: z.string().optional(),
  }),
  hints: 'DI',
  scope: 'repl:write',
  alwaysLoad: true,
})

export const editFile = recordTool({
  name: 'edit_file',
  title: 'Edit a file',
  description:
    'Replaces old_string by new_string in a file. old_string must occur exactly once, or set replace_all. Copy it exactly from read_file, without the line numbers.',
  input: z.strictObject({
    path,
    old_string: z.string().min(1).max(MAX_FILE_CALL_BYTES).describe('The text to replace, with its white space.'),
    new_string: z.string().max(MAX_FILE_CALL_BYTES).describe('What to put there.'),
    replace_all: z.boolean().default(false).describe('Replace every occurrence.'),
    if_etag: ifEtag,
  }),
  output: z.object({ path: z.string(), replacements: z.int(), etag: z.string(), diff: z.string() }),
  hints: 'D',
  scope: 'repl:write',
  alwaysLoad: true,
})

export const applyPatch = recordTool({
  name: 'apply_patch',
  title: 'Apply a patch',
  description:
    'Changes several files at once, all or none. Takes the format "*** Begin Patch" with "*** Add File:", "*** Update File:", "*** Move to:", "*** Delete File:" sections, or a unified diff.',
  input: z.strictObject({
    patch: z.string().min(1).max(MAX_PATCH_CHARS).describe('The patch.'),
    dry_run: z.boolean().default(false).describe('Only say what it would do.'),
  }),
  output: z.object({
    files: z.array(
      z.object({
        path: z.string(),
        op: z.enum(['add', 'update', 'delete', 'move']),
        added: z.int(),
        removed: z.int(),
        etag: z.string().optional(),
      }),
    ),
  }),
  hints: 'D',
  scope: 'repl:write',
})

export const listDir = recordTool({
  name: 'list_dir',
  title: 'List a folder',
  description: 'Lists a folder and those below it, folders first.',
  input: z.strictObject({
    path: readPath.default('.'),
    depth: z.int().min(1).max(4).default(2).describe('How many levels.'),
    include_ignored: z.boolean().default(false).describe('Also what git ignores.'),
    limit: z.int().min(1).max(MAX_DIR_ENTRIES).default(MAX_DIR_ENTRIES).describe('Most entries.'),
  }),
  output: z.object({
    root: z.string(),
    entries: z.array(
      z.object({
        path: z.string(),
        type: z.enum(['file', 'directory', 'symlink', 'other']),
        size: z.int(),
        mtime: z.string(),
      }),
    ),
    truncated: z.boolean(),
  }),
  hints: 'RI',
  scope: 'repl:read',
})

export const movePath = recordTool({
  name: 'move_path',
  title: 'Move or rename',
  description: 'Moves or renames a file or folder.',
  input: z.strictObject({
    from: path,
    to: path,
    overwrite: z.boolean().default(false).describe('Replace a file that lies there.'),
  }),
  output: z.object({ from: z.string(), to: z.string(), overwritten: z.boolean() }),
  hints: 'D',
  scope: 'repl:write',
})

export const deletePath = recordTool({
  name: 'delete_path',
  title: 'Delete',
  description:
    'Deletes a file, or a folder with all in it if recursive is set; without it the person is asked, where your client can ask. People can take it back from the trash.',
  input: z.strictObject({
    path,
    recursive: z.boolean().default(false).describe('Also a folder that is not empty.'),
  }),
  output: z.object({ path: z.string(), deleted_count: z.int() }),
  hints: 'DI',
  scope: 'repl:write',
})
