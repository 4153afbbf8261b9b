import type { FileEntry, FileVersion, GrepCount, GrepLine, Port, Process, Terminal } from '#wire/gen/runner.ts'

/** Every call: `signal` ends it (not the command behind it), `timeoutMs` bounds it (named limits are the default). */
export interface CallOptions {
  signal?: AbortSignal
  timeoutMs?: number
}

/** A piece of output: whole UTF-8 characters. The next cursor is `cursor + data.length`; `lost` bytes before it are gone. */
export interface OutputPiece {
  stream: 'stdout' | 'stderr' | 'pty'
  data: Uint8Array
  cursor: number
  lost: number
}

export type CommandEvent =
  | { type: 'started'; process: Process }
  | ({ type: 'output' } & OutputPiece)
  /** The last one; `process.exit` is set. */
  | { type: 'ended'; process: Process }

export interface StartCommand {
  /** For bash; or a program and its arguments. */
  command: string | string[]
  /** Absolute, or relative to the workspace (the default). */
  cwd?: string
  env?: Record<string, string>
  /** On a terminal of this size; otherwise stdout and stderr are pipes. */
  pty?: { cols: number; rows: number }
  /** Who runs it, as people are shown. */
  actor: string
  /** What it is called in the list of terminals; the command, cut short, by default. */
  name?: string
  /** Given to it, then end of file, unless `keepStdin`. Without either: `/dev/null`. */
  stdin?: Uint8Array
  keepStdin?: boolean
  /** Cancelled after so long. */
  timeoutMs?: number
}

export type Signal =
  | 'SIGINT'
  | 'SIGTERM'
  | 'SIGKILL'
  | 'SIGHUP'
  | 'SIGQUIT'
  | 'SIGUSR1'
  | 'SIGUSR2'
  | 'SIGSTOP'
  | 'SIGCONT'

/**
 * Commands of agents, which people see among the terminals. Ids are those of the terminal hub. What people run is read
 * by the same calls (`connect`, `readOutput`, `get`, `list`); all others refuse it as `forbidden`.
 */
export interface ProcessesApi {
  /** Starts a command. Ending the iteration, or `signal`, only stops listening: `cancel` ends the command. */
  start(command: StartCommand, options?: CallOptions): AsyncIterable<CommandEvent>
  /** The output from `cursor` on, then what comes, then `ended`. */
  connect(at: { id: string; cursor: number }, options?: CallOptions): AsyncIterable<CommandEvent>
  /** What the log (10 MiB, the latest) holds from `cursor` on, or its last `tailBytes`, at once. */
  readOutput(
    at: { id: string; cursor?: number; tailBytes?: number; maxBytes?: number },
    options?: CallOptions,
  ): Promise<{ process: Process; output: OutputPiece[]; nextCursor: number }>
  writeStdin(to: { id: string; input: Uint8Array; eof?: boolean }, options?: CallOptions): Promise<void>
  /** To the whole process group. */
  signal(to: { id: string; signal: Signal }, options?: CallOptions): Promise<Process>
  /** SIGINT, 2 s, SIGTERM, 5 s, SIGKILL to the process group; resolves when it has ended. */
  cancel(id: string, options?: CallOptions): Promise<Process>
  resize(to: { id: string; cols: number; rows: number }, options?: CallOptions): Promise<void>
  /** Resolves at the exit, or after `waitMs` with a process that has no `exit`. */
  wait(id: string, waitMs: number, options?: CallOptions): Promise<Process>
  get(id: string, options?: CallOptions): Promise<Process>
  /** Agents' commands, terminals of people and the Run button's, oldest first. */
  list(query?: { includeExited?: boolean }, options?: CallOptions): Promise<Process[]>
}

export interface WriteTo {
  path: string
  /** `conflict` where another etag lies there. */
  ifEtag?: string
  /** `conflict` where anything lies there. */
  createOnly?: boolean
  executable?: boolean
}

/** How far is read: in the workspace, where writing is allowed too, or wherever the sandbox's user may. */
export type ReadReach = 'workspace' | 'writable' | 'anywhere'

/**
 * Paths are absolute, or relative to the workspace. Writes go inside the workspace or to the temporary folder only, reads
 * as far as its `ReadReach`; `forbidden` beyond. Below `anywhere`, what is Git's own is not changed either.
 */
export interface FilesApi {
  /** Any size, in pieces. */
  read(
    from: { path: string; offset?: number; length?: number },
    options?: CallOptions,
  ): AsyncIterable<{ entry: FileEntry | undefined; data: Uint8Array }>
  /** At most 4 MiB in one answer; `too_large` beyond. */
  readSmall(
    from: { path: string; offset?: number; length?: number },
    options?: CallOptions,
  ): Promise<{ entry: FileEntry; data: Uint8Array }>
  /** Any size; atomic. */
  write(to: WriteTo, content: AsyncIterable<Uint8Array>, options?: CallOptions): Promise<FileVersion>
  /** At most 4 MiB; atomic. Asked to, it tells what it replaced, if that could be read and has at most 4 MiB. */
  writeSmall(to: WriteTo & { tellReplaced?: boolean }, content: Uint8Array, options?: CallOptions): Promise<FileVersion>
  stat(path: string, options?: CallOptions): Promise<FileEntry>
  listDir(
    what: { path: string; depth?: number; includeIgnored?: boolean; limit?: number; details?: boolean },
    options?: CallOptions,
  ): Promise<{ root: string; entries: FileEntry[]; truncated: boolean }>
  move(what: { from: string; to: string; overwrite?: boolean }, options?: CallOptions): Promise<FileEntry>
  /** Into the trash; `conflict` where `ifEtag` is another. */
  delete(
    what: { path: string; recursive?: boolean; ifEtag?: string },
    options?: CallOptions,
  ): Promise<{ deletion: string; count: number }>
  makeDir(path: string, options?: CallOptions): Promise<FileEntry>
  /** Newest first. */
  glob(
    what: { pattern: string; path?: string; includeIgnored?: boolean; limit?: number },
    options?: CallOptions,
  ): Promise<{ entries: FileEntry[]; total: number; truncated: boolean }>
  grep(what: GrepQuery, options?: CallOptions): Promise<GrepAnswer>
  /** Gathered changes of the workspace, until `signal`. */
  watch(options?: CallOptions): AsyncIterable<{ changes: FileChange[]; overflow: boolean }>
}

export interface FileChange {
  path: string
  kind: 'created' | 'modified' | 'deleted'
}

export interface GrepQuery {
  pattern: string
  path?: string
  glob?: string
  mode?: 'content' | 'files' | 'count'
  context?: number
  ignoreCase?: boolean
  multiline?: boolean
  includeIgnored?: boolean
  limit?: number
}

export interface GrepAnswer {
  lines: GrepLine[]
  counts: GrepCount[]
  matches: number
  filesSearched: number
  filesTooLarge: number
  truncated: boolean
}

export interface PortsApi {
  list(options?: CallOptions): Promise<Port[]>
  /** What listens now, and again whenever that changes, until `signal`. */
  watch(options?: CallOptions): AsyncIterable<Port[]>
}

export interface TerminalsApi {
  list(options?: CallOptions): Promise<Terminal[]>
  read(
    at: { id: string; cursor?: number; tailBytes?: number; maxBytes?: number },
    options?: CallOptions,
  ): Promise<{ terminal: Terminal; output: OutputPiece; nextCursor: number }>
  screen(id: string, options?: CallOptions): Promise<{ data: Uint8Array; cursor: number }>
  input(to: { id: string; input: Uint8Array }, options?: CallOptions): Promise<void>
  /** All of them now, and again whenever one opens, changes or closes, until `signal`. */
  watch(options?: CallOptions): AsyncIterable<Terminal[]>
}

/**
 * The runner as the tools see it, over one channel that connects at first use and again when the runner was restarted.
 * Every failure is a `SidecarError` with the runner's code, message and advice.
 */
export interface RunnerApi extends Disposable {
  readonly processes: ProcessesApi
  /** Reads the workspace only. */
  readonly files: FilesApi
  /** Reads farther: for callers who may. */
  filesWithin(reach: ReadReach): FilesApi
  readonly ports: PortsApi
  readonly terminals: TerminalsApi
}
