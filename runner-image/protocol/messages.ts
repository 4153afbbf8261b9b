import * as z from 'zod'
import { wireErrorSchema } from './errors.ts'
import { gitAuthorSchema, gitFileSchema, gitStatusSchema } from './git-status.ts'
import { opaqueIdSchema, replIdSchema } from './ids.ts'
import {
  MAX_COMMITTED_PATHS,
  MAX_COMMIT_MESSAGE_CHARS,
  MAX_DISPLAY_NAME_CHARS,
  MAX_GLOBS,
  MAX_GLOB_CHARS,
  MAX_PATHS_PER_LINE,
  MAX_PATH_BYTES,
  MAX_TRASH_LISTED,
} from './limits.ts'
import { workspacePathSchema } from './paths.ts'
import { personSchema, placeSchema } from './people.ts'
import { roleSchema } from './roles.ts'
import type { Role } from './roles.ts'
import { foundFileSchema, foundSchema, textQuerySchema } from './text-search.ts'

/**
 * Control messages of the browser ↔ runner WebSocket: JSON text messages. A client sends requests `{id, type, params}`;
 * the runner answers each with `{id, result}` or `{id, error}` and sends events `{event, data}` unasked. Terminal bytes
 * travel as binary frames (`frames.ts`).
 */

const size = { cols: z.int().min(2).max(1000), rows: z.int().min(1).max(500) }
const etag = z.string().min(1).max(100)
const path = workspacePathSchema
const empty = z.object({})
const globs = z.array(z.string().min(1).max(MAX_GLOB_CHARS)).max(MAX_GLOBS).default([])

/**
 * One terminal: a PTY with its history. `run` is the one that the Run button owns, `clone` shows a `git clone`, `commit` a
 * `git commit`, `agent` a command of an agent.
 */
export const terminalSchema = z.object({
  id: opaqueIdSchema,
  kind: z.enum(['shell', 'run', 'clone', 'commit', 'agent']),
  name: z.string(),
  cwd: z.string(),
  pid: z.int(),
  ...size,
  /** Bytes of output so far. */
  end: z.int(),
  createdBy: z.string(),
  /** Of an agent's command: what the agent is called, and what it runs. */
  actor: z.string().exactOptional(),
  command: z.string().exactOptional(),
  /** How its process ended; absent while it runs. */
  exit: z.object({ code: z.int().nullable(), signal: z.string().nullable() }).optional(),
})
export type TerminalInfo = z.infer<typeof terminalSchema>

/** What lies at a path. `size` in bytes, `mtime` in milliseconds since the epoch, `mode` the permission bits. */
export const entrySchema = z.object({
  name: z.string(),
  type: z.enum(['file', 'directory', 'symlink', 'other']),
  size: z.int(),
  mtime: z.number(),
  mode: z.int(),
  /** For a symlink: what it says, and what it leads to if that lies inside the workspace. */
  target: z.string().optional(),
  targetType: z.enum(['file', 'directory', 'other', 'missing', 'outside']).optional(),
  /** Whether git ignores it. */
  ignored: z.boolean().optional(),
})
export type Entry = z.infer<typeof entrySchema>

const processSchema = z.object({
  pid: z.int(),
  parent: z.int(),
  command: z.string(),
  cpuPercent: z.number(),
  memoryBytes: z.int(),
  startedAt: z.number(),
  terminal: opaqueIdSchema.optional(),
})
export type ProcessInfo = z.infer<typeof processSchema>

const portSchema = z.object({
  port: z.int().min(1).max(65535),
  /** Where it listens: on loopback only or on every address. Both can be previewed. */
  address: z.string(),
  pid: z.int().optional(),
  command: z.string().optional(),
})
export type PortInfo = z.infer<typeof portSchema>

/** The state of the Run button: what it would run, and whether it does. */
export const runStateSchema = z.object({
  command: z.string(),
  /** The port that the command is expected to listen on, if any. */
  port: z.int().optional(),
  state: z.enum(['idle', 'running', 'ready', 'stopping', 'exited']),
  terminal: opaqueIdSchema.optional(),
  exitCode: z.int().nullable().optional(),
})
export type RunState = z.infer<typeof runStateSchema>

const writeResult = z.object({ etag, size: z.int(), mtime: z.number() })

interface RequestSpec<P extends z.ZodType = z.ZodType, R extends z.ZodType = z.ZodType> {
  params: P
  result: R
  /** The least role that may ask. The runner enforces it on the connection. */
  role: Role
}

function request<P extends z.ZodType, R extends z.ZodType>(spec: RequestSpec<P, R>): RequestSpec<P, R> {
  return spec
}

/** Every request: parameters, result, and the least role that may ask. */
export const requests = {
  /** Measures the round trip and keeps the connection alive. */
  ping: request({ role: 'viewer', params: empty, result: empty }),

  /** All terminals, oldest first. */
  'terminal.list': request({ role: 'viewer', params: empty, result: z.object({ terminals: z.array(terminalSchema) }) }),
  /** Starts a login shell in `cwd` (relative to the workspace). `env` and argv are the runner's. */
  'terminal.create': request({
    role: 'editor',
    params: z.object({
      ...size,
      cwd: path.default(''),
      name: z.string().trim().min(1).max(MAX_DISPLAY_NAME_CHARS).optional(),
      /** Only where there is none but agents': else the oldest is the answer. Of pages that all find none, one starts a shell. */
      ifNone: z.boolean().default(false),
    }),
    result: z.object({ terminal: terminalSchema }),
  }),
  /**
   * Subscribes this connection to a terminal's output from byte `since`. What the ring still holds is replayed exactly
   * from there; further behind (or `since` absent), a `screen` frame comes first. Attaching again replaces the channel.
   * `client` names a stream of input that outlives connections (one page's typing into one terminal): its offsets go on
   * where they were, and `input` in the answer says how much of it was applied, so that the rest is sent again exactly
   * once. Without it, and for viewers, input offsets begin at 0 on every channel.
   */
  'terminal.attach': request({
    role: 'viewer',
    params: z.object({
      terminal: opaqueIdSchema,
      since: z.int().min(0).optional(),
      client: opaqueIdSchema.optional(),
    }),
    result: z.object({
      channel: z.int(),
      terminal: terminalSchema,
      /** Offset of the first byte that will come. */ from: z.int(),
      /** Bytes of this client's input that were applied before; absent where nothing is remembered: offsets begin at 0. */
      input: z.int().min(0).optional(),
    }),
  }),
  'terminal.detach': request({ role: 'viewer', params: z.object({ channel: z.int() }), result: empty }),
  /**
   * Whether this connection draws what programs print, in all its terminals. It does unless it says otherwise: a page
   * that nobody looks at does, since browsers all but stop its timers. Programs wait for editors who draw.
   */
  'terminal.draw': request({ role: 'viewer', params: z.object({ isDrawing: z.boolean() }), result: empty }),
  /** The active typist's size wins; other clients show it letterboxed. */
  'terminal.resize': request({
    role: 'editor',
    params: z.object({ terminal: opaqueIdSchema, ...size }),
    result: empty,
  }),
  /** The folder that its shell is in, relative to the workspace; `null` where that lies outside of it, or is gone. */
  'terminal.where': request({
    role: 'viewer',
    params: z.object({ terminal: opaqueIdSchema }),
    result: z.object({ cwd: path.nullable() }),
  }),
  /** The files that paths in its output mean, relative to the workspace; `null` for what is none. */
  'terminal.files': request({
    role: 'viewer',
    params: z.object({
      terminal: opaqueIdSchema,
      written: z.array(z.string().min(1).max(MAX_PATH_BYTES)).max(MAX_PATHS_PER_LINE),
    }),
    result: z.object({ files: z.array(path.nullable()) }),
  }),
  'terminal.rename': request({
    role: 'editor',
    params: z.object({ terminal: opaqueIdSchema, name: z.string().trim().min(1).max(MAX_DISPLAY_NAME_CHARS) }),
    result: empty,
  }),
  /** Ends the terminal's whole process group: SIGHUP, then SIGKILL. Its history goes with it. */
  'terminal.close': request({
    role: 'editor',
    params: z.object({
      terminal: opaqueIdSchema,
      /** Only if nothing runs in it but a shell that waits: else it stays, and `busyWith` names the commands. */
      ifIdle: z.boolean().default(false),
    }),
    result: z.object({ busyWith: z.array(z.string()).min(1).optional() }),
  }),
  /** Ends a shell as closing does, and starts a fresh one in its place and in its folder: id, name and history stay. */
  'terminal.restart': request({
    role: 'editor',
    params: z.object({
      terminal: opaqueIdSchema,
      /** As for `terminal.close`. */
      ifIdle: z.boolean().default(false),
    }),
    result: z.object({ busyWith: z.array(z.string()).min(1).optional() }),
  }),

  /** One page of a folder: folders first, then by name. */
  'files.list': request({
    role: 'viewer',
    params: z.object({ path, cursor: z.string().optional() }),
    result: z.object({ entries: z.array(entrySchema), cursor: z.string().optional() }),
  }),
  'files.stat': request({ role: 'viewer', params: z.object({ path }), result: z.object({ entry: entrySchema, etag }) }),
  /**
   * A text file for the editor. Larger than `MAX_EDITOR_FILE_BYTES` or not UTF-8: no content but the reason, and the
   * page offers a download.
   */
  'files.read': request({
    role: 'viewer',
    params: z.object({ path }),
    result: z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('text'), content: z.string(), etag, size: z.int(), mtime: z.number() }),
      z.object({ kind: z.literal('binary'), etag, size: z.int(), mtime: z.number() }),
      z.object({ kind: z.literal('too_large'), etag, size: z.int(), mtime: z.number() }),
    ]),
  }),
  /**
   * Writes a whole file atomically (temporary file, fsync, rename), keeping its mode. `ifMatch` must be the etag that
   * lies there, or `null` for a file that must not exist yet; otherwise `conflict`, and nothing is changed. Folders on
   * the way are made.
   */
  'files.write': request({
    role: 'editor',
    params: z.object({ path, content: z.string(), ifMatch: etag.nullable() }),
    result: writeResult,
  }),
  'files.mkdir': request({ role: 'editor', params: z.object({ path }), result: empty }),
  /** Renames. Something at `to`, or `to` inside `from`: `conflict`, nothing is changed. */
  'files.move': request({ role: 'editor', params: z.object({ from: path, to: path }), result: empty }),
  'files.copy': request({ role: 'editor', params: z.object({ from: path, to: path }), result: empty }),
  /** Moves to the repl's trash; `restore` takes it back. */
  'files.delete': request({
    role: 'editor',
    params: z.object({ path }),
    result: z.object({ deletion: opaqueIdSchema }),
  }),
  'files.restore': request({
    role: 'editor',
    params: z.object({ deletion: opaqueIdSchema }),
    result: z.object({ path }),
  }),
  /** What takes up the disk: the largest folders of the project and of HOME, the largest first, two levels deep. */
  'disk.largest': request({
    role: 'editor',
    params: empty,
    result: z.object({
      folders: z.array(z.object({ place: z.enum(['workspace', 'home']), path: z.string(), bytes: z.int() })),
    }),
  }),
  /** What can be taken back, deleted last first. `total` counts what is not listed, too; times are epoch milliseconds. */
  'trash.list': request({
    role: 'editor',
    params: empty,
    result: z.object({
      deleted: z.array(z.object({ deletion: opaqueIdSchema, path: z.string(), at: z.number() })),
      total: z.int(),
      /** What all of it takes up; absent where that could not be found out in time. */
      bytes: z.int().optional(),
    }),
  }),
  /** Deletes for good: these, or without them everything that is in the trash. */
  'trash.empty': request({
    role: 'editor',
    params: z.object({ deletions: z.array(opaqueIdSchema).min(1).max(MAX_TRASH_LISTED).optional() }),
    result: empty,
  }),
  /** Paths of files for quick open: fuzzy matching is the client's. Ignored and hidden-by-git files are left out; `truncated` past the limit. */
  'files.index': request({
    role: 'viewer',
    params: empty,
    result: z.object({ paths: z.array(z.string()), truncated: z.boolean() }),
  }),

  /**
   * Places where a text stands, in all files but ignored and binary ones. They come as `search.found` events that carry
   * `search`, before the answer. A further search on the same connection ends the one before.
   */
  'search.text': request({
    role: 'viewer',
    params: z.object({
      search: z.int(),
      query: textQuerySchema,
      /** Globs of paths; none: all. A glob without a slash is a name of a file or folder, at any depth. */
      include: globs,
      exclude: globs,
      includeIgnored: z.boolean().default(false),
    }),
    result: foundSchema,
  }),
  /** Ends the search of this connection, if there is one. */
  'search.cancel': request({ role: 'viewer', params: empty, result: empty }),

  /** How the files stand beside the last commit of the repository that the workspace is, if it is one. */
  'git.status': request({ role: 'viewer', params: empty, result: gitStatusSchema }),
  /** A file as that commit has it. */
  'git.file': request({ role: 'viewer', params: z.object({ path }), result: gitFileSchema }),
  /** Whom a commit would name; absent where Git has not been told. */
  'git.author': request({
    role: 'editor',
    params: empty,
    result: z.object({ author: gitAuthorSchema.optional() }),
  }),
  /** Begins a commit, in a terminal of its own: it is made once that has ended with 0. */
  'git.commit': request({
    role: 'editor',
    params: z.object({
      message: z.string().trim().min(1).max(MAX_COMMIT_MESSAGE_CHARS),
      /** As `git.status` names them; all that has changed, where it is left out. */
      paths: z.array(z.string().min(1).max(MAX_PATH_BYTES)).min(1).max(MAX_COMMITTED_PATHS).optional(),
      /** For the repository's own settings, where Git has not been told. */
      author: gitAuthorSchema.optional(),
      ...size,
    }),
    result: z.object({ terminal: opaqueIdSchema }),
  }),
  /** Brings a changed file to where the last commit has it; `deletion`: what the trash knows by what it was. */
  'git.discard': request({
    role: 'editor',
    params: z.object({ path, from: path.optional() }),
    result: z.object({ deletion: opaqueIdSchema.optional(), restored: z.array(z.string()) }),
  }),

  /** Where this page is now, for the others to see; `null`: in no file or terminal. Who it is, the runner knows itself. */
  'people.at': request({ role: 'viewer', params: z.object({ place: placeSchema.nullable() }), result: empty }),

  'processes.list': request({ role: 'viewer', params: empty, result: z.object({ processes: z.array(processSchema) }) }),
  'processes.signal': request({
    role: 'editor',
    params: z.object({ pid: z.int().positive(), signal: z.enum(['SIGINT', 'SIGTERM', 'SIGKILL']) }),
    result: empty,
  }),
  'ports.list': request({ role: 'viewer', params: empty, result: z.object({ ports: z.array(portSchema) }) }),

  'run.get': request({ role: 'viewer', params: empty, result: runStateSchema }),
  /** Runs the command in a terminal of its own; while it runs, answers with what runs. */
  'run.start': request({ role: 'editor', params: z.object(size), result: runStateSchema }),
  'run.stop': request({ role: 'editor', params: empty, result: runStateSchema }),
  /** Changes what Run runs. Kept in `.devex.json` at the workspace's top, so that it travels with the project. */
  'run.configure': request({
    role: 'editor',
    params: z.object({ command: z.string().trim().min(1).max(2000), port: z.int().min(1).max(65535).optional() }),
    result: runStateSchema,
  }),
} as const

export type RequestType = keyof typeof requests
export type RequestParams<T extends RequestType> = z.input<(typeof requests)[T]['params']>
export type RequestResult<T extends RequestType> = z.output<(typeof requests)[T]['result']>

/** The envelope of a request. `params` are parsed by the request's own schema. */
export const requestEnvelopeSchema = z.object({ id: z.int().min(0), type: z.string(), params: z.unknown().optional() })

/** Every event that the runner sends unasked. */
export const events = {
  /**
   * First message on every connection: where one is, as whom, and everything that lives here. `role` holds for this
   * connection; one that changes cuts it, and the next `hello` says the new one.
   */
  hello: z.object({
    repl: replIdSchema,
    generation: z.int(),
    role: roleSchema,
    actor: z.string(),
    /** Id of this runner process: another one after a reconnect means that terminals are gone. */
    runner: opaqueIdSchema,
    isolation: z.string(),
    terminals: z.array(terminalSchema),
    ports: z.array(portSchema),
    run: runStateSchema,
  }),
  'terminal.opened': z.object({ terminal: terminalSchema }),
  /** Renamed, resized, or its process ended. */
  'terminal.changed': z.object({ terminal: terminalSchema }),
  'terminal.closed': z.object({ terminal: opaqueIdSchema }),
  /** Coalesced changes of the workspace. `overflow`: so many that the client lists again what it shows. */
  'files.changed': z.object({
    changes: z.array(z.object({ path: z.string(), kind: z.enum(['created', 'modified', 'deleted']) })),
    overflow: z.boolean(),
  }),
  /** To the connection that searches only. */
  'search.found': z.object({ search: z.int(), files: z.array(foundFileSchema) }),
  /** Everybody who is here, viewers too, who came first before who came later. To everybody; at first with `hello`. */
  'people.changed': z.object({ people: z.array(personSchema) }),
  'ports.changed': z.object({ ports: z.array(portSchema) }),
  'run.changed': runStateSchema,
  /** The disk of this repl. Sent on attach and when it changes notably; `full` refuses writes. */
  'disk.changed': z.object({ usedBytes: z.int(), limitBytes: z.int(), state: z.enum(['ok', 'warning', 'full']) }),
} as const

export type EventType = keyof typeof events
export type EventData<T extends EventType> = z.output<(typeof events)[T]>

/** Anything the runner sends as text. `data` and `result` are parsed by the schema of their event or request. */
export const serverMessageSchema = z.union([
  z.object({ id: z.int(), result: z.unknown() }),
  z.object({ id: z.int(), error: wireErrorSchema }),
  z.object({ event: z.string(), data: z.unknown() }),
])
