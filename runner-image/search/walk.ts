import { readdirSync } from 'node:fs'
import type { Dirent } from 'node:fs'
import { join } from 'node:path'
import { TEMPORARY_NAME } from '../files/workspace.ts'
import { IgnoreRules } from './ignore-rules.ts'

export interface Walked {
  /** Relative to the walk's root. */
  path: string
  depth: number
  entry: Dirent
}

interface WalkOptions {
  /** Absolute. */
  root: string
  /** Outermost folder whose ignore rules count, at or above `root`. */
  rulesFrom: string
  includeIgnored: boolean
  maxDepth: number
}

/** Left out unless ignored ones are wanted: git's own, and what no project means to show where git does not say so. */
const SKIPPED = new Set(['.git', 'node_modules', '__pycache__', '.venv'])

/** What the kernel makes up: no files of anybody, and without end. Shown, but not entered from above. */
const MADE_UP = new Set(['/proc', '/sys'])

/** Everything below `root`, folders first and then by name, each folder before what is in it. Links are not followed. */
export function* walk(options: WalkOptions): Generator<Walked> {
  for (const step of steps(options)) if (step !== undefined) yield step
}

/** As `walk`, for who must pause in between: nothing where something is left out, so that also that is a step. */
export function* steps({ root, rulesFrom, includeIgnored, maxDepth }: WalkOptions): Generator<Walked | undefined> {
  const above = root === rulesFrom ? '' : `${root.slice(rulesFrom.length).replace(/^\//, '')}/`
  const rules = includeIgnored ? undefined : rulesAbove(rulesFrom, above)
  yield* below('', 1, rules)

  function* below(prefix: string, depth: number, outer?: IgnoreRules): Generator<Walked | undefined> {
    const entries = readEntries(join(root, prefix))
    const inner =
      outer !== undefined && entries.some(({ name }) => name === '.gitignore') ? read(root, prefix, outer) : outer
    for (const entry of entries) {
      const path = prefix + entry.name
      const isFolder = entry.isDirectory()
      if (inner !== undefined && (SKIPPED.has(entry.name) || inner.ignores(above + path, isFolder))) {
        yield undefined
        continue
      }
      yield { path, depth, entry }
      if (isFolder && depth < maxDepth && entry.name !== '.git' && !MADE_UP.has(join(root, path)))
        yield* below(`${path}/`, depth + 1, inner)
    }
  }

  function read(folder: string, prefix: string, outer: IgnoreRules): IgnoreRules {
    return IgnoreRules.read(join(folder, prefix, '.gitignore'), above + prefix, outer)
  }
}

/** The rules that hold in the folder `above` (with a slash at its end, or empty) before its own. */
function rulesAbove(rulesFrom: string, above: string): IgnoreRules {
  let rules = IgnoreRules.read(join(rulesFrom, '.git/info/exclude'), '')
  const names = above.split('/').slice(0, -1)
  for (const index of names.keys()) {
    const prefix = names.slice(0, index).map((name) => `${name}/`).join('') // prettier-ignore
    rules = IgnoreRules.read(join(rulesFrom, prefix, '.gitignore'), prefix, rules)
  }
  return rules
}

function readEntries(folder: string): Dirent[] {
  try {
    const [folders, others]: [Dirent[], Dirent[]] = [[], []]
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      if (entry.isDirectory()) folders.push(entry)
      else if (!entry.name.startsWith('.') || !TEMPORARY_NAME.test(entry.name)) others.push(entry)
    }
    return [...folders.sort(byName), ...others.sort(byName)]
  } catch {
    return []
  }
}

function byName(a: Dirent, b: Dirent): number {
  return a.name < b.name ? -1 : 1
}
