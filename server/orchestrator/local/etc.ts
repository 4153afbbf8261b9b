import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { LAZY_COMPLETIONS } from '#protocol/shell-start.ts'
import type { SandboxPart } from '../orchestrator.ts'

/** Inside bubblewrap everybody is this user. */
export const INSIDE_UID = 1000

export const HOST_NAME = 'devex'

/** Pieces of the machine's own `/etc` that programs need and that tell nothing about it. Missing ones are left out. */
export const HOST_ETC = [
  'alternatives',
  'ssl',
  'ca-certificates',
  'ca-certificates.conf',
  'pki',
  'ld.so.cache',
  'ld.so.conf',
  'ld.so.conf.d',
  'localtime',
  'timezone',
  'mime.types',
  'services',
  'protocols',
  'inputrc',
  'terminfo',
  'debian_version',
  'os-release',
]

const FILES = {
  passwd: `root:x:0:0:root:/root:/usr/sbin/nologin
dev:x:${INSIDE_UID}:${INSIDE_UID}:dev:/home/dev:/bin/bash
nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
`,
  group: `root:x:0:
tty:x:5:
dev:x:${INSIDE_UID}:
nogroup:x:65534:
`,
  hosts: `127.0.0.1 localhost ${HOST_NAME}
::1 localhost
`,
  'nsswitch.conf': `passwd: files
group: files
hosts: files dns
networks: files
protocols: files
services: files
`,
  // A distribution's own would set PATH anew and lose ours.
  profile: `umask 022
if [ -n "\${BASH_VERSION-}" ] && [ -n "\${PS1-}" ] && [ -r /etc/bash.bashrc ]; then . /etc/bash.bashrc; fi
`,
  'bash.bashrc': `[ -z "\${PS1-}" ] && return
shopt -s checkwinsize histappend
HISTSIZE=10000
HISTFILESIZE=20000
PS1='\\[\\e[32m\\]\\u\\[\\e[0m\\]:\\[\\e[34m\\]\\w\\[\\e[0m\\]\\$ '
alias ls='ls --color=auto' grep='grep --color=auto'
# Completions are loaded at the first Tab that wants one: a prompt need not wait for them.
${LAZY_COMPLETIONS}
`,
} as const

/** Generated files by their name in `/etc`, and what they are called in the folder that holds them. */
export function generatedEtc(part: SandboxPart): [name: string, file: string][] {
  return [...Object.keys(FILES).map((name): [string, string] => [name, name]), ['resolv.conf', resolvFile(part)]]
}

/**
 * Writes the generated pieces of `/etc` into a folder; every user may read them. Runner and sidecar may be in different
 * networks, so each has a `resolv.conf` of its own.
 */
export async function writeEtc(folder: string, resolvConf: Record<SandboxPart, string>): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o755 })
  const files = { ...FILES, [resolvFile('runner')]: resolvConf.runner, [resolvFile('sidecar')]: resolvConf.sidecar }
  await Promise.all(Object.entries(files).map(([name, text]) => writeFile(join(folder, name), text, { mode: 0o644 })))
}

function resolvFile(part: SandboxPart): string {
  return `resolv.conf.${part}`
}
