/** What exactly is started for a part of a sandbox, as data. */
import { basename, dirname, join } from 'node:path'
import { NODE_FLAGS } from '#protocol/node-flags.ts'
import type { SandboxPart } from '../orchestrator.ts'
import type { BubblewrapOptions, Mount } from './bubblewrap.ts'
import { sharedControlSocket } from './control-socket.ts'
import { SANDBOX_PATH, hostPath, runnerEnvironment, sidecarEnvironment } from './environment.ts'
import type { HostEnv, PartEnvironment } from './environment.ts'
import { generatedEtc } from './etc.ts'
import { checkSocketPath } from './folders.ts'
import type { Folders } from './folders.ts'
import type { LaunchOptions } from './launch.ts'
import { programMounts } from './machine.ts'

export interface PartOptions {
  sandboxId: string
  folders: Folders
  sandboxBundle: string
  nodeBinary: string
  controlSocket: string
  publicKey: string
  hostEnv: HostEnv
  port: number | undefined
  nestedUserns: BubblewrapOptions['nestedUserns']
  npmFolder: string | undefined
}

/** The socket on which a part listens, as the control plane sees it. */
export function socketOf(folders: Folders, part: SandboxPart): string {
  const file =
    part === 'runner' ? join(folders.runnerSockets, 'runner.sock') : join(folders.sidecarSockets, 'sidecar.sock')
  return checkSocketPath(file)
}

export function logOf(folders: Folders, part: SandboxPart): string {
  return join(folders.logs, `${part}.log`)
}

/** A part as a plain process. */
export function plainLaunch(part: SandboxPart, options: PartOptions): Omit<LaunchOptions, 'cgroups'> {
  const { folders, sandboxId, publicKey, hostEnv } = options
  const common = { sandboxId, publicKey, hostEnv, path: hostPath(hostEnv, dirname(options.nodeBinary)) }
  const command = [options.nodeBinary, ...NODE_FLAGS, join(options.sandboxBundle, `${part}.mjs`)]
  const environment =
    part === 'runner'
      ? runnerEnvironment({
          ...common,
          home: folders.home,
          socket: socketOf(folders, 'runner'),
          workspace: folders.workspace,
          ...(options.port !== undefined && { port: options.port }),
        })
      : sidecarEnvironment({
          ...common,
          home: folders.state,
          socket: socketOf(folders, 'sidecar'),
          runnerSocket: socketOf(folders, 'runner'),
          controlSocket: options.controlSocket,
          volume: folders.volume,
          state: folders.state,
        })
  return {
    sandboxId,
    plain: { command, environment, cwd: part === 'runner' ? folders.workspace : folders.state },
    logFile: logOf(folders, part),
  }
}

/** A part in a bubblewrap of its own: the runner sees the project and its home, the sidecar the volume and its own state. */
export function bubblewrapLaunch(part: SandboxPart, options: PartOptions): Omit<LaunchOptions, 'cgroups'> {
  const { folders, sandboxId, publicKey, hostEnv } = options
  const common = { sandboxId, publicKey, hostEnv, path: SANDBOX_PATH }
  const program = programMounts(options)
  const own = part === 'runner' ? insideRunner(options, common) : insideSidecar(options, common)
  return {
    sandboxId,
    logFile: logOf(folders, part),
    bubblewrap: {
      ...own,
      mounts: [...program.mounts, ...etcMounts(folders, part), ...own.mounts],
      network: 'inherited',
      nestedUserns: options.nestedUserns,
      links: program.links,
      command: ['/opt/devex-node/bin/node', ...NODE_FLAGS, `/opt/devex/${part}.mjs`],
    },
  }
}

type Common = Pick<PartEnvironment, 'sandboxId' | 'publicKey' | 'hostEnv' | 'path'>
type Inside = Pick<BubblewrapOptions, 'mounts' | 'environment' | 'cwd'>

function insideRunner({ folders, port }: PartOptions, common: Common): Inside {
  return {
    mounts: [
      writable(folders.workspace, '/workspace'),
      writable(folders.home, '/home/dev'),
      writable(folders.runnerSockets, '/run/devex'),
    ],
    environment: runnerEnvironment({
      ...common,
      home: '/home/dev',
      socket: '/run/devex/runner.sock',
      workspace: '/workspace',
      ...(port !== undefined && { port }),
    }),
    cwd: '/workspace',
  }
}

function insideSidecar({ folders, controlSocket }: PartOptions, common: Common): Inside {
  const shared = sharedControlSocket(controlSocket)
  return {
    mounts: [
      writable(folders.volume, '/volume'),
      writable(folders.state, '/state'),
      writable(folders.sidecarSockets, '/run/devex/sidecar'),
      { ...writable(folders.runnerSockets, '/run/devex/runner'), access: 'read-only' },
      // The folder, not the socket: a control plane that starts anew makes a new one.
      { ...writable(dirname(shared), '/run/devex/control'), access: 'read-only' },
    ],
    environment: sidecarEnvironment({
      ...common,
      home: '/state',
      socket: '/run/devex/sidecar/sidecar.sock',
      runnerSocket: '/run/devex/runner/runner.sock',
      controlSocket: `/run/devex/control/${basename(shared)}`,
      volume: '/volume',
      state: '/state',
    }),
    cwd: '/state',
  }
}

function etcMounts(folders: Folders, part: SandboxPart): Mount[] {
  return generatedEtc(part).map(([name, file]) => ({
    source: join(folders.etc, file),
    inside: `/etc/${name}`,
    access: 'read-only',
    kind: 'file',
  }))
}

function writable(source: string, inside: string): Mount {
  return { source, inside, access: 'read-write', kind: 'folder' }
}
