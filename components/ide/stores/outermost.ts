import { parentOf } from '#protocol/paths.ts'

/** Whether `path` is one of `paths` or lies in one of them. */
export function isAmong(path: string, paths: ReadonlySet<string>): boolean {
  for (let part = path; part !== ''; part = parentOf(part)) if (paths.has(part)) return true
  return false
}

/** `paths` without those that lie in another of them: what is done to a folder is done to what it holds. */
export function outermost(paths: readonly string[]): string[] {
  const all = new Set(paths)
  return [...all].filter((path) => !isAmong(parentOf(path), all))
}
