/** Bubblewrap's command line, as data. Tried once at start with `true` in it, then used for every sandbox. */
import { existsSync, lstatSync } from 'node:fs'
import { HOST_ETC, HOST_NAME, INSIDE_UID } from './etc.ts'

/** A folder or file of the machine that is seen inside, at `inside`. */
export interface Mount {
  source: string
  inside: string
  access: 'read-only' | 'read-write'
  kind: 'folder' | 'file'
}

export interface BubblewrapOptions {
  mounts: Mount[]
  /** Links made inside: where they point to, and where they are. */
  links: { target: string; inside: string }[]
  environment: Record<string, string>
  /** `own`: a network with nothing but its own loopback. `inherited`: that of whoever starts bubblewrap. */
  network: 'own' | 'inherited'
  /** Whether programs inside may make user namespaces: refused but for bubblewrap before 0.8, which cannot. */
  nestedUserns: 'refused' | 'allowed'
  cwd: string
  /** Where bubblewrap writes the pid of its inner process 1 (JSON). */
  infoFd?: number
  command: string[]
}

/** Folders at the top that are links into `/usr` on a merged-usr system, and folders of their own elsewhere. */
const USR_FOLDERS = ['bin', 'sbin', 'lib', 'lib32', 'lib64', 'libx32']

/** `bwrap` and its arguments. */
export function bubblewrapArgv(options: BubblewrapOptions): string[] {
  return [
    ['bwrap', '--unshare-user', '--unshare-pid', '--unshare-ipc', '--unshare-uts', '--unshare-cgroup-try'],
    options.network === 'own' ? ['--unshare-net'] : [],
    // Without `--die-with-parent`: shells outlive the control plane. A new session keeps our terminal out of reach; the
    // runner's terminals make sessions of their own.
    ['--new-session', '--cap-drop', 'ALL'],
    options.nestedUserns === 'refused' ? ['--disable-userns'] : [],
    ['--uid', String(INSIDE_UID), '--gid', String(INSIDE_UID), '--hostname', HOST_NAME],
    systemMounts(),
    options.mounts.flatMap((mount) => [
      mount.access === 'read-only' ? '--ro-bind' : '--bind',
      mount.source,
      mount.inside,
    ]),
    options.links.flatMap((link) => ['--symlink', link.target, link.inside]),
    ['--remount-ro', '/', '--clearenv'],
    Object.entries(options.environment).flatMap(([name, value]) => ['--setenv', name, value]),
    ['--chdir', options.cwd],
    options.infoFd === undefined ? [] : ['--info-fd', String(options.infoFd)],
    ['--'],
    options.command,
  ].flat()
}

function systemMounts(): string[] {
  return [
    ['--ro-bind', '/usr', '/usr'],
    USR_FOLDERS.flatMap(usrFolder),
    HOST_ETC.flatMap((name) => ['--ro-bind-try', `/etc/${name}`, `/etc/${name}`]),
    ['--proc', '/proc', '--dev', '/dev', '--tmpfs', '/tmp', '--tmpfs', '/run', '--tmpfs', '/var/tmp'],
  ].flat()
}

function usrFolder(name: string): string[] {
  if (!existsSync(`/${name}`)) return []
  return lstatSync(`/${name}`).isSymbolicLink()
    ? ['--symlink', `usr/${name}`, `/${name}`]
    : ['--ro-bind', `/${name}`, `/${name}`]
}
