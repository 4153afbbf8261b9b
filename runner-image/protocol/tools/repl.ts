import * as z from 'zod'
import { recordTool } from './definition.ts'

export const previewUrl = recordTool({
  name: 'preview_url',
  title: 'Get a preview URL',
  description: 'Gives the URL at which people see what listens on a port of this REPL. Never give them localhost.',
  input: z.strictObject({
    port: z.int().min(1).max(65535).describe('The port that the server listens on.'),
    path: z.string().startsWith('/').max(2000).default('/').describe('Path on that server.'),
    access: z
      .enum(['private', 'link'])
      .default('private')
      .describe('private: members of the REPL. link: whoever has the URL, if the REPL allows it.'),
  }),
  output: z.object({ url: z.string(), listening: z.boolean(), access: z.enum(['private', 'link']) }),
  hints: 'IO',
  scope: 'repl:exec',
})

export const replInfo = recordTool({
  name: 'repl_info',
  title: 'About this REPL',
  description:
    'Says what this REPL is: name, address, workspace, languages, git state, limits, open ports, names of environment variables.',
  input: z.strictObject({}),
  output: z.object({
    repl_id: z.string(),
    name: z.string(),
    url: z.string(),
    workspace: z.string(),
    os: z.string(),
    arch: z.string(),
    languages: z.record(z.string(), z.string()),
    git: z.object({ branch: z.string(), dirty: z.boolean(), ahead: z.int() }).optional(),
    limits: z.object({ cpu: z.number(), mem_bytes: z.int(), disk_free_bytes: z.int() }),
    ports: z.array(z.int()),
    env_var_names: z.array(z.string()),
  }),
  hints: 'RI',
  scope: 'repl:read',
})

export const checkpoint = recordTool({
  name: 'checkpoint',
  title: 'Checkpoints',
  description:
    'Keeps the state of all files to come back to (create), lists what is kept (list), or brings a kept state back (restore, with id; programs go on running). A checkpoint is made before your first change anyway.',
  input: z.strictObject({
    action: z.enum(['create', 'list', 'restore']),
    name: z.string().trim().min(1).max(60).optional().describe('For create: what to call it.'),
    id: z.string().min(1).max(100).optional().describe('For restore: which one, as list shows it.'),
  }),
  output: z.object({
    checkpoints: z.array(
      z.object({
        id: z.string(),
        saved_at: z.string(),
        reason: z.string(),
        files: z.int(),
        bytes: z.int(),
        name: z.string().optional(),
        actor: z.string().optional(),
      }),
    ),
    restored: z.string().optional(),
    undo_id: z.string().optional(),
  }),
  hints: 'D',
  scope: 'repl:write',
})

export const stopRepl = recordTool({
  name: 'stop_repl',
  title: 'Stop this REPL',
  description:
    'Saves all files, ends all processes and stops this REPL for everybody. The next tool call starts it again.',
  input: z.strictObject({}),
  output: z.object({ stopping: z.boolean() }),
  hints: 'DI',
  scope: 'repl:admin',
})
