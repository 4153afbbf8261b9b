import { MAX_EDITOR_FILE_BYTES } from '#protocol/limits.ts'
import { requests } from '#protocol/messages.ts'
import type { RequestType } from '#protocol/messages.ts'
import { isAtLeast } from '#protocol/roles.ts'
import type { z } from 'zod'
import { RunnerError } from '../errors.ts'
import { listFolder, statEntry } from '../files/entries.ts'
import { GitCommits } from '../files/git-commit.ts'
import { discardChange } from '../files/git-discard.ts'
import { GitLook } from '../files/git-status.ts'
import { Lock } from '../files/lock.ts'
import { copy, makeFolder, move } from '../files/move.ts'
import { indexFiles } from '../files/quick-open.ts'
import { readForEditor } from '../files/read.ts'
import { SharedLook } from '../files/shared-look.ts'
import { writeText } from '../files/write.ts'
import { writeRunConfig } from '../processes/run-config.ts'
import { busyWith } from '../terminal/busy-with.ts'
import { filesMeant } from '../terminal/files-meant.ts'
import { folderOf } from '../terminal/folder-of.ts'
import type { OpenedSandbox } from '../opened-sandbox.ts'
import type { Connection } from './connection.ts'
import { TextSearches } from './text-searches.ts'

type Params<T extends RequestType> = z.output<(typeof requests)[T]['params']>
type Result<T extends RequestType> = z.input<(typeof requests)[T]['result']>
type Handler<T extends RequestType> = (params: Params<T>, from: Connection) => Result<T> | Promise<Result<T>>
type Handlers = { [T in RequestType]: Handler<T> }

/** Answers one request of a connection, or throws why not. */
export type AnswerRequest = (from: Connection, type: string, params: unknown) => Promise<unknown>

/** What each request does. */
export function createHandlers(sandbox: OpenedSandbox): Handlers {
  const { disk, workspace, trash, terminals, people, processes, ports, run } = sandbox
  const searches = new TextSearches(sandbox)
  const git = new GitLook(workspace)
  const commits = new GitCommits({ terminals, workspace, env: () => sandbox.shellEnv })
  const index = new SharedLook(() => indexFiles(workspace))
  const configuring = new Lock()
  return {
    ping: () => ({}),

    'terminal.list': () => ({ terminals: terminals.list() }),
    'terminal.create': ({ cols, rows, cwd, name, ifNone }, from) => {
      const first = ifNone ? terminals.all().find(({ kind }) => kind !== 'agent') : undefined
      if (first !== undefined) return { terminal: first.info() }
      const directory = workspace.resolve(cwd)
      const terminal = terminals.create({
        kind: 'shell',
        name,
        cwd,
        directory,
        cols,
        rows,
        env: sandbox.shellEnv,
        args: ['-l'],
        createdBy: from.claims.actor,
      })
      return { terminal: terminal.info() }
    },
    'terminal.attach': ({ terminal, since, client }, from) =>
      from.channels.attach(terminals.get(terminal), {
        since,
        // A stream of input belongs to who began it; a viewer has none.
        stream:
          client === undefined || !isAtLeast(from.claims.role, 'editor') ? undefined : `${from.claims.sub}/${client}`,
      }),
    'terminal.detach': ({ channel }, from) => {
      from.channels.detach(channel)
      return {}
    },
    'terminal.draw': ({ isDrawing }, from) => {
      from.channels.draw(isDrawing)
      return {}
    },
    'terminal.resize': ({ terminal, cols, rows }) => {
      terminals.resize(terminal, { cols, rows })
      return {}
    },
    'terminal.where': async ({ terminal }) => ({ cwd: await folderOf(terminals.get(terminal), workspace) }),
    'terminal.files': async ({ terminal, written }) => ({
      files: await filesMeant(terminals.get(terminal), workspace, written),
    }),
    'terminal.rename': ({ terminal, name }) => {
      terminals.rename(terminal, name)
      return {}
    },
    'terminal.close': async ({ terminal, ifIdle }) => {
      const commands = ifIdle ? await busyWith(terminals.get(terminal), processes) : []
      if (commands.length > 0) return { busyWith: commands }
      await terminals.close(terminal)
      return {}
    },
    'terminal.restart': async ({ terminal, ifIdle }) => {
      const commands = ifIdle ? await busyWith(terminals.get(terminal), processes) : []
      if (commands.length > 0) return { busyWith: commands }
      const cwd = (await folderOf(terminals.get(terminal), workspace)) ?? ''
      const directory = workspace.resolve(cwd)
      await terminals.restart(terminal, { cwd, directory, env: sandbox.shellEnv, args: ['-l'] })
      return {}
    },

    'files.list': ({ path, cursor }) => listFolder(workspace, path, cursor),
    'files.stat': ({ path }) => statEntry(workspace, path),
    'files.read': ({ path }) => readForEditor(workspace, path),
    'files.write': async ({ path, content, ifMatch }) => {
      await sandbox.assertSpace()
      if (Buffer.byteLength(content) > MAX_EDITOR_FILE_BYTES) {
        throw new RunnerError('too_large', `${path} is too large for the editor.`, {
          path,
          advice: 'Upload it instead.',
        })
      }
      const { etag, size, mtime } = await writeText(workspace, {
        path,
        content,
        ifMatch: ifMatch === null ? 'absent' : { etag: ifMatch },
      })
      return { etag, size, mtime }
    },
    'files.mkdir': async ({ path }) => {
      await sandbox.assertSpace()
      await makeFolder(workspace, path)
      return {}
    },
    'files.move': async (params) => {
      await move(workspace, params)
      return {}
    },
    'files.copy': async (params) => {
      await sandbox.assertSpace()
      await copy(workspace, params)
      return {}
    },
    'files.delete': async ({ path }) => ({ deletion: await trash.delete(path) }),
    'files.restore': async ({ deletion }) => ({ path: await trash.restore(deletion) }),
    'disk.largest': async () => ({ folders: await disk.largest() }),
    'trash.list': () => trash.list(),
    'trash.empty': async ({ deletions }) => {
      await trash.empty(deletions)
      disk.filesChanged()
      return {}
    },
    'files.index': () => index.ask(),

    'search.text': (params, from) => searches.begin(from, params),
    'search.cancel': (_, from) => {
      searches.end(from)
      return {}
    },

    'git.status': () => git.status(),
    'git.file': ({ path }) => git.file(path),
    'git.author': async () => {
      const author = await commits.author()
      return author === undefined ? {} : { author }
    },
    'git.commit': async (asked, from) => {
      const terminal = await commits.start({ ...asked, actor: from.claims.actor })
      return { terminal: terminal.id }
    },
    'git.discard': (change) => discardChange(change, { workspace, trash, env: sandbox.shellEnv }),

    'people.at': ({ place }, from) => {
      if (place !== null && 'terminal' in place) terminals.get(place.terminal)
      people.moved(from, place)
      return {}
    },

    'processes.list': async () => ({ processes: await processes.list() }),
    'processes.signal': async ({ pid, signal }) => {
      await processes.signal(pid, signal)
      return {}
    },
    'ports.list': async () => ({ ports: await ports.refresh() }),

    'run.get': () => run.state(),
    'run.start': async (size, from) => {
      // Asked for right after a change: what was changed is what runs.
      await configuring.run(async () => {})
      return run.start(size, from.claims.actor)
    },
    'run.stop': () => run.stop(),
    'run.configure': (asked) =>
      configuring.run(async () => {
        await sandbox.assertSpace()
        await writeRunConfig(workspace, await run.toKeep(asked))
        return run.reconfigured()
      }),
  }
}

/** The same table, in a form in which a type and its parameters belong together. */
const specs: { [T in RequestType]: { params: z.ZodType<Params<T>> } } = requests

/** Looks a request up, checks the role of who asks and the parameters, and does it. */
export function createAnswer(sandbox: OpenedSandbox): AnswerRequest {
  const handlers = createHandlers(sandbox)
  const call = async <T extends RequestType>(type: T, params: unknown, from: Connection): Promise<Result<T>> => {
    const { role } = requests[type]
    if (!isAtLeast(from.claims.role, role)) {
      throw new RunnerError('forbidden', `This needs the role ${role}; you are here as ${from.claims.role}.`, {
        advice: 'Ask the owner for a link that allows it.',
      })
    }
    if (role !== 'viewer') sandbox.assertRunning('page')
    return handlers[type](specs[type].params.parse(params ?? {}), from)
  }
  return async (from, type, params) => {
    if (!isRequestType(type)) throw new RunnerError('bad_request', `There is no request "${type.slice(0, 60)}".`)
    return call(type, params, from)
  }
}

function isRequestType(type: string): type is RequestType {
  return Object.hasOwn(requests, type)
}
