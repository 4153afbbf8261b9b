import { setTimeout as delay } from 'node:timers/promises'
import type { OpenRequest } from '#protocol/adoption.ts'
import { CLOSE_CODES } from '#protocol/errors.ts'
import type { EventData } from '#protocol/messages.ts'
import type { Variables } from '#protocol/variables.ts'
import type { HeardWork } from '#protocol/work.ts'
import { Commands } from './commands/commands.ts'
import type { RunnerEnv } from './env.ts'
import { RunnerError } from './errors.ts'
import type { ChangeHints } from './files/change-hints.ts'
import { DiskUse } from './files/disk-use.ts'
import { removeLeftovers } from './files/leftovers.ts'
import { Lock } from './files/lock.ts'
import { Trash } from './files/trash.ts'
import { Watch } from './files/watch.ts'
import { openWorkspace } from './files/workspace.ts'
import type { Workspace } from './files/workspace.ts'
import { FIRST_LOOK_MS, QUIESCE_STEP_MS, TRASH_SETTLE_MS } from './limits.ts'
import type { Log } from './log.ts'
import type { Activity } from './processes/activity.ts'
import { endProcesses } from './processes/end-processes.ts'
import { Ports } from './processes/ports.ts'
import { Processes } from './processes/processes.ts'
import { readRunConfig } from './processes/run-config.ts'
import { Run } from './processes/run.ts'
import type { SandboxTree } from './processes/sandbox-tree.ts'
import { Search } from './search/search.ts'
import type { Clients } from './sockets/clients.ts'
import type { People } from './sockets/people.ts'
import { prepareHome, shellEnvironment } from './terminal/environment.ts'
import { Screens } from './terminal/screens.ts'
import { Terminals } from './terminal/terminals.ts'

interface OpenedSandboxOptions {
  env: RunnerEnv
  opened: OpenRequest
  tree: SandboxTree
  activity: Activity
  hints: ChangeHints
  clients: Clients
  log: Log
}

/** Opens a sandbox for its repl: from here on there are files, terminals and processes. */
export async function openSandbox(options: OpenedSandboxOptions): Promise<OpenedSandbox> {
  prepareHome(options.env.HOME)
  return new OpenedSandbox(options, openWorkspace(options.env.WORKSPACE_DIR))
}

/** Everything that lives in a sandbox once it is a repl's. */
export class OpenedSandbox implements AsyncDisposable {
  readonly opened: OpenRequest
  readonly workspace: Workspace
  readonly trash: Trash
  readonly terminals: Terminals
  readonly commands: Commands
  readonly processes: Processes
  readonly ports: Ports
  readonly run: Run
  readonly disk: DiskUse
  readonly people: People
  readonly search: Search
  /** People's own: a pattern of theirs that hangs holds up no agent. */
  readonly peoplesSearch: Search
  /** Those who may only look hold up nobody who works. */
  readonly viewersSearch: Search
  /** What is started now gets it; `setVariables` changes it. */
  shellEnv: Record<string, string>
  readonly #options: OpenedSandboxOptions
  readonly #screens: Screens
  readonly #watches: Watch[]
  readonly #onFilesChanged = new Set<(changes: EventData<'files.changed'>) => void>()
  /** Stops and their calling off, each to its end before the next: half a stop is none that can be called off. */
  readonly #turns = new Lock()
  readonly #firstLook: NodeJS.Timeout
  #isStopping = false

  constructor(options: OpenedSandboxOptions, workspace: Workspace) {
    const { env, opened, tree, activity, clients, log } = options
    this.#options = options
    this.opened = opened
    this.people = clients.people
    this.workspace = workspace
    this.shellEnv = shellEnvironment(env, opened, opened.variables)
    this.trash = new Trash(workspace, env.HOME, log)
    this.#screens = new Screens(log)
    this.search = new Search(log)
    this.peoplesSearch = new Search(log)
    this.viewersSearch = new Search(log)
    const publish = clients.publish.bind(clients)
    this.terminals = new Terminals({
      tree,
      screens: this.#screens,
      publish,
      onActivity: () => activity.touch('terminal'),
    })
    this.commands = new Commands({ terminals: this.terminals, root: workspace.root, shellEnv: () => this.shellEnv })
    this.processes = new Processes({
      tree,
      terminalOf: (session) => this.terminals.idOfSession(session),
      describe: (stat) => this.commands.describe(stat),
    })
    this.ports = new Ports({
      tree,
      log,
      isShared: () => this.isNetworkShared,
      interest: () => this.#interest(),
      onChange: (ports) => {
        publish('ports.changed', { ports })
        void this.run.portsChanged(ports)
      },
    })
    this.run = new Run({
      terminals: this.terminals,
      config: async () => readRunConfig(workspace, opened),
      env: () => this.shellEnv,
      directory: workspace.root,
      givenPort: () => opened.port,
      onChange: (state) => {
        publish('run.changed', state)
        this.ports.wake()
      },
    })
    this.disk = new DiskUse({
      folders: { workspace: workspace.root, home: env.HOME },
      limitBytes: opened.diskLimitBytes,
      log,
      onChange: (use) => publish('disk.changed', use),
      free: async (bytes) => this.trash.free(bytes),
    })
    this.#watches = [
      new Watch({ folder: workspace.root, log, onChange: (changes) => this.#workspaceChanged(changes) }),
      new Watch({ folder: env.HOME, log, onChange: (changes) => this.#homeChanged(changes) }),
    ]
    for (const watch of this.#watches) void watch.start()
    this.#firstLook = setTimeout(() => {
      // After a stop that is called off it is done then.
      if (!this.#isStopping) void this.#tidy()
    }, FIRST_LOOK_MS).unref()
  }

  /** All of them: terminals, commands and Run have these from now on. What runs keeps what it was started with. */
  setVariables(variables: Variables): void {
    this.shellEnv = shellEnvironment(this.#options.env, this.opened, variables)
    this.commands.profileChanged()
  }

  /** Whether this sandbox listens on the same ports as others. */
  get isNetworkShared(): boolean {
    return this.opened.port !== undefined
  }

  /** `work` is about to begin. Throws while the repl is being stopped: it would miss the final save. */
  assertRunning(work: HeardWork): void {
    if (this.#isStopping) throw isBeingStopped()
    this.#options.activity.touch(work)
  }

  /** Throws where the disk is full, and stays so without what is in the trash. */
  async assertSpace(): Promise<void> {
    if (!(await this.disk.hasSpace())) {
      throw new RunnerError('quota_exceeded', 'The disk of this repl is full.', {
        advice: 'Delete files that you do not need (build output, caches), then try again. Nothing was changed.',
      })
    }
  }

  /** Ends every process but the runner; nothing new starts until `resume`. */
  async quiesce(): Promise<void> {
    return this.#turns.run(async () => this.#quiesce())
  }

  /** The stop was called off: it could not be saved, and goes on. Waits for a stop under way to have come to its end. */
  async resume(): Promise<void> {
    return this.#turns.run(async () => {
      if (!this.#isStopping) return
      this.#isStopping = false
      clearTimeout(this.#firstLook)
      this.workspace.lock.open()
      void this.#tidy()
    })
  }

  /** Calls back with gathered changes of the workspace; the function ends that. */
  onFilesChanged(listener: (changes: EventData<'files.changed'>) => void): () => void {
    this.#onFilesChanged.add(listener)
    return () => void this.#onFilesChanged.delete(listener)
  }

  /** Somebody has come or gone, or a command was started. */
  interestChanged(): void {
    this.ports.wake()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#firstLook)
    await this.workspace.lock.close(isBeingStopped())
    this.ports[Symbol.dispose]()
    this.disk[Symbol.dispose]()
    await Promise.all(this.#watches.map(async (watch) => watch[Symbol.asyncDispose]()))
    await Promise.allSettled(this.terminals.list().map(async ({ id }) => this.terminals.close(id)))
    await this.commands[Symbol.asyncDispose]()
    await this.search[Symbol.asyncDispose]()
    await this.peoplesSearch[Symbol.asyncDispose]()
    await this.viewersSearch[Symbol.asyncDispose]()
    await this.#screens[Symbol.asyncDispose]()
  }

  async #quiesce(): Promise<void> {
    this.#isStopping = true
    this.#options.clients.closeAll(CLOSE_CODES.unavailable, 'This repl is being stopped.')
    const carried = Promise.race([this.trash.settled(), delay(TRASH_SETTLE_MS, undefined, { ref: false })])
    const find = async () => (await this.#options.tree.processes()).map(({ pid }) => pid)
    const isQuiet = await endProcesses({ find, signals: ['SIGHUP', 'SIGTERM', 'SIGKILL'], waitMs: QUIESCE_STEP_MS })
    await carried
    // Writes that were under way come to their end, copies are undone; later ones are refused, uploads that began before
    // among them.
    await this.workspace.lock.close(isBeingStopped())
    if (!isQuiet) throw new RunnerError('timeout', 'Some processes of this repl could not be ended.')
  }

  /** Goes on with what a stop or a crash has broken off, or takes it away. */
  async #tidy(): Promise<void> {
    try {
      await this.trash.tidy()
      await removeLeftovers(this.workspace, this.trash)
    } catch (error) {
      if (error instanceof RunnerError) return
      this.#options.log.error('What a stop or a crash has left could not be tidied up.', error)
    }
  }

  #interest(): 'starting' | 'watched' | 'none' {
    if (this.run.isStarting) return 'starting'
    return this.#options.clients.size > 0 ? 'watched' : 'none'
  }

  #workspaceChanged(changes: EventData<'files.changed'>): void {
    this.#options.clients.publish('files.changed', changes)
    for (const listener of this.#onFilesChanged) listener(changes)
    this.#changed('workspace', changes)
  }

  #homeChanged(changes: EventData<'files.changed'>): void {
    if (changes.overflow || changes.changes.some(({ path }) => PROFILES.has(path))) this.commands.profileChanged()
    this.#changed('home', changes)
  }

  #changed(folder: 'workspace' | 'home', { changes, overflow }: EventData<'files.changed'>): void {
    this.disk.filesChanged()
    this.#options.hints.add(folder, overflow ? [''] : changes.map(({ path }) => path))
  }
}

/** What a login shell reads (bash(1), INVOCATION) and what those include by custom. */
const PROFILES = new Set(['.bash_profile', '.bash_login', '.profile', '.bashrc'])

function isBeingStopped(): RunnerError {
  return new RunnerError('unavailable', 'This repl is being stopped.', { advice: 'Start it again.' })
}
