import type * as z from 'zod'
import { applyPatch as definition } from '#protocol/tools/files.ts'
import { FileKind } from '#wire/gen/runner.ts'
import type { RunnerApi } from '../runner/runner-api.ts'
import { SidecarError } from '../sidecar-error.ts'
import { applyHunks } from './apply-hunks.ts'
import { refuseCancelled } from './cancelled.ts'
import { carryOut } from './carry-out.ts'
import type { Plan } from './carry-out.ts'
import { readText } from './files.ts'
import { MAX_PATCH_FILES } from './limits.ts'
import { parsePatch } from './patch.ts'
import type { FileChange } from './hunk.ts'
import { recordTool } from './tool.ts'
import type { ToolContext } from './tool.ts'
import { unifiedDiff } from './unified-diff.ts'

type PatchArguments = z.output<typeof definition.input>

export const applyPatch = recordTool(definition, async (args, context) =>
  context.turns.take(() => applyTo(args, context)),
)

async function applyTo({ patch, dry_run: isDry }: PatchArguments, { runner, note, signal }: ToolContext) {
  refuseCancelled(signal)
  const changes = parsePatch(patch)
  if (changes.length > MAX_PATCH_FILES)
    throw new SidecarError('too_large', `A patch may change ${MAX_PATCH_FILES} files.`, { advice: 'Split it.' })
  // All of it is worked out before anything is written.
  const plans: Plan[] = []
  for (const change of changes) plans.push(await planOf(runner, change, plans))
  const diffs = plans.map(({ to, before, after }) => unifiedDiff(to, before?.text ?? '', after ?? ''))
  const etags = isDry ? [] : await carryOut(runner.files, plans)
  if (!isDry) note({ diff: diffs.join('') })
  return {
    files: plans.map(({ op, to }, at) => {
      const etag = etags[at]
      return { path: to, op, ...countLines(diffs[at] ?? ''), ...(etag !== undefined && { etag }) }
    }),
  }
}

async function planOf(runner: RunnerApi, change: FileChange, earlier: readonly Plan[]): Promise<Plan> {
  const { path } = change
  if (earlier.some((plan) => plan.path === path || plan.to === path))
    throw new SidecarError('bad_request', `${path} stands in this patch twice. Nothing was changed.`, {
      advice: 'Put all changes of a file into one section.',
    })
  if (change.op === 'add') {
    const there = await runner.files.stat(path).catch(unlessAbsent)
    const { content: after, isExecutable = false } = change
    if (there === undefined) return { op: 'add', path, to: path, before: undefined, after, isExecutable }
    throw new SidecarError('conflict', `${path} exists already, so it cannot be added. Nothing was changed.`, {
      advice: 'Use "*** Update File" to change it.',
    })
  }
  if (change.op === 'delete' && (await runner.files.stat(path)).kind === FileKind.SYMLINK)
    throw new SidecarError(
      'not_supported',
      `${path} is a symbolic link, which no patch deletes. Nothing was changed.`,
      {
        advice: 'Use delete_path: it takes the link and leaves alone what it leads to.',
      },
    )
  const { text, entry } = await readText(runner, path)
  const before = { text, etag: entry.etag, executable: (entry.mode & 0o100) !== 0 }
  if (change.op === 'delete') return { op: 'delete', path, to: path, before, after: undefined }
  const after = applyHunks(text, change.hunks, path)
  if (change.to === undefined) return { op: 'update', path, to: path, before, after }
  if ((await runner.files.stat(change.to).catch(unlessAbsent)) !== undefined)
    throw new SidecarError(
      'conflict',
      `${change.to} exists already, so ${path} cannot be moved there. Nothing was changed.`,
    )
  return { op: 'move', path, to: change.to, before, after }
}

function unlessAbsent(error: unknown): undefined {
  if (error instanceof SidecarError && error.code === 'not_found') return undefined
  throw error
}

function countLines(diff: string): { added: number; removed: number } {
  const lines = diff.split('\n')
  return {
    added: lines.filter((line) => line.startsWith('+') && !line.startsWith('+++ ')).length,
    removed: lines.filter((line) => line.startsWith('-') && !line.startsWith('--- ')).length,
  }
}
