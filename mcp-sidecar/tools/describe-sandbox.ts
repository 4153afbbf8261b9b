import * as z from 'zod'
import { SUBMODULES_LEFT } from '#protocol/harmless-git.ts'
import type { RunnerApi } from '../runner/runner-api.ts'
import { askGit } from './ask-git.ts'
import { askProgram } from './ask-program.ts'

const describedSchema = z.object({
  workspace: z.string(),
  os: z.string(),
  arch: z.string(),
  languages: z.record(z.string(), z.string()),
  git: z.object({ branch: z.string(), dirty: z.boolean(), ahead: z.int() }).optional(),
  limits: z.object({ cpu: z.number(), mem_bytes: z.int(), disk_free_bytes: z.int() }),
  env_var_names: z.array(z.string()),
})
export type DescribedSandbox = z.infer<typeof describedSchema>

/** What can be said about a sandbox from inside: what it has, never what its variables hold. */
export async function describeSandbox(
  runner: RunnerApi,
  actor: string,
  signal: AbortSignal,
): Promise<DescribedSandbox> {
  const command = ['bash', '-c', DESCRIBE]
  const name = 'repl_info'
  const [{ text }, git] = await Promise.all([
    askProgram(runner, { command, actor, name }, signal),
    askGit(runner, { args: STATUS, actor, name }, signal),
  ])
  const lines = new Map<string, string>()
  for (const line of text.split('\n')) {
    const at = line.indexOf('=')
    if (at > 0) lines.set(line.slice(0, at), line.slice(at + 1).trim())
  }
  const languages = [...lines].filter(([key, value]) => key.startsWith('lang.') && value !== '')
  return describedSchema.parse({
    workspace: lines.get('workspace') ?? '',
    os: lines.get('os') ?? '',
    arch: lines.get('arch') ?? '',
    languages: Object.fromEntries(languages.map(([key, value]) => [key.slice('lang.'.length), value])),
    ...(git.code === 0 && { git: standingOf(git.text) }),
    limits: {
      cpu: numberIn(lines, 'cpu'),
      mem_bytes: numberIn(lines, 'mem'),
      disk_free_bytes: numberIn(lines, 'disk') * 1024,
    },
    env_var_names: (lines.get('env') ?? '').split(' ').filter((name) => name !== ''),
  })
}

/** Reads `git status --porcelain=v2 --branch`. */
function standingOf(status: string): DescribedSandbox['git'] {
  const lines = status.split('\n').filter((line) => line !== '')
  const header = (name: string) => lines.find((line) => line.startsWith(`# branch.${name} `))?.split(' ') ?? []
  const [, , head = ''] = header('head')
  const [, , ahead = ''] = header('ab')
  return {
    branch: head === '(detached)' ? 'HEAD' : head,
    dirty: lines.some((line) => !line.startsWith('#')),
    ahead: Math.abs(Number(ahead)) || 0,
  }
}

function numberIn(lines: Map<string, string>, key: string): number {
  const number = Number(lines.get(key))
  return Number.isSafeInteger(number) ? number : 0
}

const STATUS = ['status', '--porcelain=v2', '--branch', SUBMODULES_LEFT]

const DESCRIBE = String.raw`
echo "workspace=$PWD"
echo "os=$(. /etc/os-release 2>/dev/null; echo "$PRETTY_NAME")"
echo "arch=$(uname -m)"
echo "cpu=$(nproc)"
mem=$(cat /sys/fs/cgroup/memory.max 2>/dev/null)
case "$mem" in ''|max) mem=$(awk '/MemTotal/ {print $2 * 1024}' /proc/meminfo);; esac
printf 'mem=%.0f\n' "$mem"
echo "disk=$(df -Pk . | awk 'NR == 2 {print $4}')"
echo "env=$(compgen -e | tr '\n' ' ')"
# A project may choose versions, and programs, of its own.
cd /
for each in node python3 go rustc java ruby php; do
  command -v $each >/dev/null || continue
  case $each in go) flag=version;; java) flag=-version;; *) flag=--version;; esac
  echo "lang.$each=$($each $flag 2>&1 | head -n 1)"
done
true`
