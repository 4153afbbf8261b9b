import type { SnapshotView } from '#server/repls/history.ts'
import type { AccountView, ReplView } from '#server/repls/views.ts'
import type { WireError } from '#protocol/errors.ts'
import type { GitChange } from '#protocol/git-status.ts'
import type { ToastInput } from '#components/ui/toast-store.ts'
import { showPlace } from './actions.ts'
import { Agents } from './agents.ts'
import type { AgentsApi } from './agents.ts'
import { Commits } from './commits.ts'
import { Connection } from './connection.ts'
import { Disk } from './disk.ts'
import { Documents } from './documents.ts'
import type { Drafts } from './drafts.ts'
import type { EarlySocket } from './early-socket.ts'
import { EditorBridge } from './editor-bridge.ts'
import { FileActions } from './file-actions.ts'
import { FileTree } from './file-tree.ts'
import { firstFile } from './first-file.ts'
import { Follow } from './follow.ts'
import { Git } from './git.ts'
import { History } from './history.ts'
import type { HistoryApi } from './history.ts'
import { LayoutMemory } from './layout.ts'
import { LAST_SAVE_MS } from './limits.ts'
import type { PhonePane, SideView, Storage } from './layout.ts'
import { followMayEdit } from './may-edit.ts'
import { MyPlace } from './my-place.ts'
import { People } from './people.ts'
import { Preview } from './preview.ts'
import type { Problem } from './problems.ts'
import { Processes } from './processes.ts'
import type { TicketUrl } from './preview.ts'
import { QuickFiles } from './quick-files.ts'
import { Repl } from './repl.ts'
import type { ReplApi } from './repl.ts'
import { describeError } from './request-error.ts'
import { ReplaceFound } from './replace-found.ts'
import { Run } from './run.ts'
import { Store } from './store.ts'
import type { Readable } from './store.ts'
import type { TabPlace } from './tab-actions.ts'
import { Tabs } from './tabs.ts'
import { TerminalBridge } from './terminal-bridge.ts'
import { Terminals } from './terminals.ts'
import { TextSearch } from './text-search.ts'
import { Transfers } from './transfers.ts'
import { Trash } from './trash.ts'

/** What lies over the workbench. */
export type Overlay =
  | { kind: 'none' }
  | {
      kind:
        | 'quick-open'
        | 'palette'
        | 'help'
        | 'share'
        | 'run-settings'
        | 'rename'
        | 'connect-agent'
        | 'trash'
        | 'variables'
    }
  | { kind: 'cut-agent'; id: string }
  | { kind: 'undo-run'; run: string }
  /** A tab with text that could not be saved is to be closed. */
  | { kind: 'close-unsaved'; path: string }
  /** Programs would end with the terminal, or with its shell. */
  | { kind: 'close-terminal'; id: string; commands: readonly string[]; isRestart?: boolean }
  | { kind: 'paste'; text: string; onConfirm: () => void }
  | { kind: 'compare'; path: string }
  /** A name for the files as they are now, or for a snapshot. */
  | { kind: 'checkpoint'; id?: string }
  | { kind: 'restore'; id: string }
  | { kind: 'remove-snapshot'; snapshot: SnapshotView }
  /** The files as they were last backed up, to look at. */
  | { kind: 'files' }
  /** A file as the last commit has it, beside what it is now. */
  | { kind: 'git-change'; change: GitChange }
  /** A file as a snapshot has it, beside what it is now. */
  | { kind: 'then'; id: string; path: string }

export interface WorkbenchOptions {
  view: ReplView
  account: AccountView
  api: ReplApi
  historyApi: HistoryApi
  agentsApi: AgentsApi
  drafts: Drafts
  storage: Storage | undefined
  socketUrl: string
  /** A line that was opened ahead. */
  early?: EarlySocket
  ticketUrl: TicketUrl
  notify: (toast: ToastInput) => void
}

/** Everything behind the page of one REPL. Components draw what its stores say and call what it does. */
export class Workbench {
  readonly account: AccountView
  readonly connection: Connection
  /** Whether the person may type and write, over the line as it is now. */
  readonly mayEdit: Readable<boolean>
  readonly repl: Repl
  readonly history: History
  readonly agents: Agents
  readonly terminals: Terminals
  readonly tree: FileTree
  readonly documents: Documents
  readonly tabs: Tabs
  readonly files: FileActions
  readonly trash: Trash
  readonly disk: Disk
  readonly processes: Processes
  /** What the editor finds wrong in open files. */
  readonly problems = new Store<readonly Problem[]>([])
  readonly transfers: Transfers
  readonly run: Run
  readonly preview: Preview
  readonly quickFiles: QuickFiles
  readonly search: TextSearch
  readonly git: Git
  readonly commits: Commits
  readonly replacing: ReplaceFound
  readonly myPlace: MyPlace
  readonly people: People
  readonly follow: Follow
  readonly editor: EditorBridge
  readonly terminalBridge = new TerminalBridge()
  /** A name is being asked for in the tree; `name`: what was refused. */
  readonly creating = new Store<{ kind: 'file' | 'folder'; folder: string; name?: string } | undefined>(undefined)
  /** The tab that is being dragged. */
  readonly draggedTab = new Store<TabPlace | undefined>(undefined)
  readonly memory: LayoutMemory
  readonly overlay = new Store<Overlay>({ kind: 'none' })
  readonly notify: (toast: ToastInput) => void
  #runner: string | undefined
  /** How often the page was opened: React closes and opens it again while it is developed. */
  #openings = 0

  constructor(options: WorkbenchOptions) {
    const { view, account, api, drafts, storage, socketUrl, early, ticketUrl, notify } = options
    this.account = account
    this.notify = notify
    this.memory = new LayoutMemory(view.id, storage)
    const layout = this.memory.layout.getSnapshot()
    this.repl = new Repl(view, api, (error) => this.#tell(error))
    this.history = new History(options.historyApi)
    this.agents = new Agents(options.agentsApi)
    const connection = new Connection({ url: socketUrl, ...(early !== undefined && { early }) })
    this.connection = connection
    this.mayEdit = followMayEdit(connection, this.repl.canEdit)
    this.terminals = new Terminals(connection, this.mayEdit, layout.terminals)
    this.tree = new FileTree(connection, layout.expanded)
    this.documents = new Documents({ connection, drafts, mayEdit: this.mayEdit })
    const groups = layout.groups.map((group) => ({ ...group, active: group.active ?? undefined }))
    this.tabs = new Tabs({ groups, activeGroup: layout.activeGroup })
    this.editor = new EditorBridge(this.tabs.state)
    this.files = new FileActions({ connection, tree: this.tree, documents: this.documents, tabs: this.tabs })
    this.trash = new Trash(connection, this.files)
    this.disk = new Disk(connection, notify)
    this.processes = new Processes(connection)
    this.transfers = new Transfers(view.id, this.tree)
    this.run = new Run(connection, this.terminals)
    this.preview = new Preview(this.run, ticketUrl)
    this.quickFiles = new QuickFiles(connection)
    this.search = new TextSearch(connection)
    this.git = new Git(connection)
    this.commits = new Commits({
      connection,
      documents: this.documents,
      git: this.git,
      terminals: this.terminals,
      notify,
    })
    this.replacing = new ReplaceFound({ connection, documents: this.documents, search: this.search })
    this.myPlace = new MyPlace({ connection, tabs: this.tabs, terminals: this.terminals })
    this.people = new People(connection, account.id)
    this.follow = new Follow(this.people, (place) => showPlace(this, place, { isLook: true }))
    this.#rememberLayout()
    this.#followRepl()
    this.#followBackups()
    this.#noticeNewRunner()
    this.#noticeNewRole()
    if (this.memory.isFirstVisit) this.#openFirstFile()
    else this.#reopenPreview(layout.previewPort)
  }

  get replId(): string {
    return this.repl.state.getSnapshot().view.id
  }

  /** Begins to watch, to wake and to connect. */
  open(): void {
    this.#openings += 1
    this.repl.open()
    this.#connectOrNot()
  }

  /** Lets go of the connection and of timers; `open` begins again. */
  close(): void {
    this.repl.close()
    const saving = this.documents.saveAll()
    this.documents[Symbol.dispose]()
    this.tree[Symbol.dispose]()
    this.search[Symbol.dispose]()
    this.git[Symbol.dispose]()
    this.myPlace[Symbol.dispose]()
    this.people[Symbol.dispose]()
    void this.#stopAfter(saving)
  }

  /** What was typed a moment ago goes out, and its answer is waited for: else it would be kept as a draft too. */
  async #stopAfter(saving: Promise<void>): Promise<void> {
    const opening = this.#openings
    const late = Promise.withResolvers<void>()
    const timer = setTimeout(late.resolve, LAST_SAVE_MS)
    await Promise.race([saving, late.promise]).finally(() => clearTimeout(timer))
    if (this.#openings === opening) this.connection.stop()
  }

  /** Runs something a person asked for, and tells them if it fails. */
  async attempt(work: () => Promise<unknown>): Promise<void> {
    try {
      await work()
    } catch (error) {
      this.#tell(describeError(error))
    }
  }

  showSide(side: SideView | null): void {
    this.memory.patch({ side })
  }

  showPane(pane: PhonePane): void {
    this.memory.patch({ pane })
  }

  #tell({ message, advice }: Pick<WireError, 'message' | 'advice'>): void {
    this.notify({ title: message, tone: 'failed', ...(advice !== undefined && { description: advice }) })
  }

  #rememberLayout(): void {
    this.tabs.state.subscribe(() => {
      const { groups, activeGroup } = this.tabs.state.getSnapshot()
      const kept = groups.map(({ id, tabs, active }) => ({ id, tabs: [...tabs], active: active ?? null }))
      this.memory.patch({ groups: kept, activeGroup })
      // A tab that was replaced or closed lets its document go, but not what was typed there.
      const open = new Set(this.tabs.paths())
      for (const path of this.documents.paths()) {
        if (this.documents.get(path)?.isUnsaved === false && !open.has(path)) this.documents.close(path)
      }
    })
    this.documents.unsaved.subscribe(() => {
      for (const path of this.documents.unsaved.getSnapshot()) this.tabs.keep(path)
    })
    this.preview.state.subscribe(() => {
      const state = this.preview.state.getSnapshot()
      this.memory.patch({ previewPort: state.kind === 'none' ? null : state.port })
    })
    this.terminals.state.subscribe(() => this.#rememberTerminals())
    this.tree.state.subscribe(() => {
      const { expanded } = this.tree.state.getSnapshot()
      if (expanded !== this.memory.layout.getSnapshot().expanded) this.memory.patch({ expanded })
    })
  }

  /** Agents' terminals come and go many times a second: most of what changes there is nothing to remember. */
  #rememberTerminals(): void {
    const now = this.terminals.arrangement()
    if (now === undefined || JSON.stringify(now) === JSON.stringify(this.memory.layout.getSnapshot().terminals)) return
    this.memory.patch({ terminals: now })
  }

  #followRepl(): void {
    this.repl.state.subscribe(() => this.#connectOrNot())
    this.connection.state.subscribe(() => {
      const state = this.connection.state.getSnapshot()
      // A socket that is refused before it opens says nothing; the API tells whether one may still be here.
      if (state.kind === 'waiting' && state.attempt === ATTEMPTS_BEFORE_ASKING) void this.repl.refresh()
    })
  }

  /** The list of snapshots grows while it is looked at. */
  #followBackups(): void {
    let { savedAt } = this.repl.state.getSnapshot().view
    this.repl.state.subscribe(() => {
      const { view } = this.repl.state.getSnapshot()
      if (view.savedAt === savedAt) return
      savedAt = view.savedAt
      if (this.memory.layout.getSnapshot().side === 'history') void this.history.refresh()
    })
  }

  #connectOrNot(): void {
    const { view, access } = this.repl.state.getSnapshot()
    if (access === 'removed') return this.connection.refuse('no-access')
    if (access === 'signed-out') return this.connection.refuse('signed-out')
    if (view.state.kind === 'running') return this.connection.start()
    // The gateway would hold the line to one that starts, and a browser makes one such line to a server after the other,
    // in all its tabs: nothing could be heard of a long start, and nobody else's page could open.
    this.connection.stop()
    // Whoever stopped it expects new terminals.
    if (view.state.kind !== 'starting') this.#runner = undefined
  }

  #noticeNewRunner(): void {
    this.connection.on('hello', ({ runner }) => {
      // What failed while nothing could be reached may be shown now.
      if (this.history.state.getSnapshot().kind === 'failed') void this.history.refresh()
      if (this.#runner !== undefined && this.#runner !== runner) {
        this.notify({
          title: 'The REPL was restarted.',
          description: 'Terminals are new; files and what you typed are as they were.',
        })
      }
      this.#runner = runner
    })
  }

  #noticeNewRole(): void {
    this.mayEdit.subscribe(() => {
      if (this.mayEdit.getSnapshot()) return this.notify({ title: 'You can edit this REPL now.' })
      this.notify({
        title: 'You can look at this REPL now, not change it.',
        description: 'Your role here was changed. What you typed and is not saved stays in this page.',
      })
    })
  }

  /** The preview comes back with the page, if what it showed still listens. */
  #reopenPreview(port: number | null): void {
    if (port === null) return
    const stop = this.connection.on('hello', ({ ports }) => {
      stop()
      if (ports.some((listening) => listening.port === port)) void this.preview.open(port)
    })
  }

  #openFirstFile(): void {
    const stop = this.tree.state.subscribe(() => {
      const root = this.tree.state.getSnapshot().folders.get('')
      if (root === undefined || root.entries.length === 0) return
      stop()
      const path = firstFile(root.entries)
      if (path !== undefined && this.tabs.state.getSnapshot().tabs.length === 0) this.tabs.open(path)
    })
  }
}

const ATTEMPTS_BEFORE_ASKING = 2
