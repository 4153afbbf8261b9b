/**
 * Starts one process of a sandbox so that it outlives us. What has to be done as root around bubblewrap (joining
 * cgroups and the network namespace, making closed folders reachable, dropping to an unprivileged user) is done by a
 * fixed shell script whose every input is an argument.
 */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { open } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { z } from 'zod'
import { bubblewrapArgv } from './bubblewrap.ts'
import type { BubblewrapOptions, Mount } from './bubblewrap.ts'
import { currentUid } from './folders.ts'
import { INSIDE_STEPS, inSlirp, insideSteps } from './network/slirp.ts'
import type { SlirpRoutes } from './network/slirp.ts'

/**
 * The user that sandboxes run as when the server is root: none that a person or package has (it lies between the ranges
 * that systemd assigns, https://systemd.io/UIDS-GIDS).
 */
export const SANDBOX_UID = 60_907

/** Mount point for the private view that root makes; the same empty folder serves all control planes. */
const STAGE = '/run/devex'

const INFO_FD = 3

/**
 * Arguments: `cgroup <file>` joins, `folder|file <from> <to>` binds, `stage <folder>` begins a private view, `network`,
 * `closed <range>` and `open <address>` make one's own network ready (`network/slirp.ts`), up to `--`;
 * then the command that takes this shell's place. Joining comes before anything is forked.
 */
const PREPARE = `
set -eu
while [ "$1" != -- ]; do
  case "$1" in
    cgroup) echo 0 > "$2"; shift 2 ;;
    stage) mkdir -p "$2"; mount -t tmpfs -o mode=0755,size=64k devex "$2"; shift 2 ;;
    folder) mkdir "$3"; mount --rbind "$2" "$3"; shift 3 ;;
    file) : > "$3"; mount --bind "$2" "$3"; shift 3 ;;${INSIDE_STEPS}
  esac
done
shift
exec "$@"
`

export interface LaunchOptions {
  sandboxId: string
  /** Present: in bubblewrap. Absent: a plain process with `plain`. */
  bubblewrap?: Omit<BubblewrapOptions, 'infoFd'>
  plain?: { command: string[]; environment: Record<string, string>; cwd: string }
  /** `cgroup.procs` files to join. */
  cgroups: string[]
  /** Path of a network namespace to enter, as root. */
  networkNamespace?: string
  /** Present: in a network of its own, as an ordinary user. */
  slirp?: SlirpRoutes
  /** Output is appended here. */
  logFile?: string
}

export interface Launched {
  child: ChildProcess
  /** Its exit code; `null` when a signal ended it or it could not be started. */
  ended: Promise<number | null>
  /** The pid of bubblewrap's inner process 1, once it is there; `undefined` without bubblewrap or if it never came. */
  initPid: Promise<number | undefined>
}

/** The whole command line: what is wrapped around the part, outermost first. */
export function launchArgv(options: LaunchOptions, uid = currentUid()): string[] {
  const joins = options.cgroups.flatMap((file) => ['cgroup', file])
  if (options.bubblewrap === undefined) return shell(joins, options.plain?.command ?? [])
  if (uid !== 0) {
    const command = bubblewrapArgv({ ...options.bubblewrap, infoFd: INFO_FD })
    return options.slirp === undefined
      ? shell(joins, command)
      : inSlirp(shell([...joins, ...insideSteps(options.slirp)], command))
  }
  const { steps, mounts } = stage(options.bubblewrap.mounts)
  const id = String(SANDBOX_UID)
  return [
    options.networkNamespace === undefined ? [] : ['nsenter', `--net=${options.networkNamespace}`, '--'],
    ['unshare', '--mount', '--'],
    shell(
      [...joins, 'stage', STAGE, ...steps],
      [
        ['setpriv', '--reuid', id, '--regid', id, '--clear-groups', '--inh-caps=-all', '--'],
        bubblewrapArgv({ ...options.bubblewrap, mounts, infoFd: INFO_FD }),
      ].flat(),
    ),
  ].flat()
}

/** Starts it, detached, inheriting nothing but its log. */
export async function launch(options: LaunchOptions): Promise<Launched> {
  const [program = '', ...args] = launchArgv(options)
  const log = options.logFile === undefined ? undefined : await open(options.logFile, 'a', 0o600)
  try {
    const output = log?.fd ?? 'ignore'
    const child = spawn(program, args, {
      detached: true,
      cwd: options.plain?.cwd ?? '/',
      // The marker by which the sandbox's processes are found again; bubblewrap clears the rest.
      env: exactly({ ...(options.plain?.environment ?? { PATH: TOOL_PATH }), SANDBOX_ID: options.sandboxId }),
      stdio: ['ignore', output, output, options.bubblewrap === undefined ? 'ignore' : 'pipe'],
    })
    // Listened to at once: a short program may be over before anybody awaits anything.
    const ended = new Promise<number | null>((resolve) => {
      child.once('error', () => resolve(null))
      child.once('exit', resolve)
    })
    child.unref()
    return { child, ended, initPid: readInitPid(child) }
  } finally {
    await log?.close()
  }
}

/** An environment with nothing added. Next's types insist on a NODE_ENV, which would make `npm install` behave oddly. */
function exactly(variables: Record<string, string>): NodeJS.ProcessEnv {
  const environment: NodeJS.ProcessEnv = { NODE_ENV: 'production', ...variables }
  if (!('NODE_ENV' in variables)) Reflect.deleteProperty(environment, 'NODE_ENV')
  return environment
}

/** For the programs that stand around bubblewrap. */
const TOOL_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

const infoSchema = z.object({ 'child-pid': z.int().positive() })

async function readInitPid(child: ChildProcess): Promise<number | undefined> {
  const pipe = child.stdio[INFO_FD]
  if (pipe === null || pipe === undefined || !('read' in pipe)) return undefined
  const text = await readSmall(pipe)
  const end = text.indexOf('}')
  const info = infoSchema.safeParse(end < 0 ? undefined : JSON.parse(text.slice(0, end + 1)))
  return info.success ? info.data['child-pid'] : undefined
}

/** Reads to the end of the first JSON object, or of the stream, whichever comes first. */
function readSmall(pipe: Readable): Promise<string> {
  return new Promise((resolve) => {
    let text = ''
    const finish = () => {
      pipe.destroy()
      resolve(text)
    }
    pipe.on('data', (chunk: Buffer) => {
      text += chunk.toString('utf8')
      if (text.includes('}')) finish()
    })
    pipe.once('end', finish)
    pipe.once('error', finish)
  })
}

/** Mounts as seen through the stage: the sandbox's user may not walk to where they really lie (mode 0700 above them). */
function stage(mounts: Mount[]): { steps: string[]; mounts: Mount[] } {
  return {
    steps: mounts.flatMap((mount, index) => [mount.kind, mount.source, `${STAGE}/${index}`]),
    mounts: mounts.map((mount, index) => ({ ...mount, source: `${STAGE}/${index}` })),
  }
}

function shell(steps: string[], command: string[]): string[] {
  return ['/bin/sh', '-c', PREPARE, 'devex-launch', ...steps, '--', ...command]
}
