import { appendFileSync, chmodSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const FOLDERS = 12
const FILES = 600

/** Numbers below `limit` that depend on the seed only. */
export function numbers(seed: number): (limit: number) => number {
  let state = seed
  return (limit) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * limit)
  }
}

/** Makes some change in `workspace` and says which paths a watcher would name. */
export function change(workspace: string, pick: (limit: number) => number): string[] {
  const folder = `folder-${pick(FOLDERS)}`
  const file = `${folder}/file-${pick(FILES / FOLDERS)}`
  const [at, dir] = [join(workspace, file), join(workspace, folder)]
  const other = `other-${pick(5)}`
  mkdirSync(dir, { recursive: true })
  switch (pick(8)) {
    case 0:
      rmSync(at, { recursive: true, force: true })
      return [file]
    case 1:
      rmSync(at, { recursive: true, force: true })
      mkdirSync(join(at, 'deep/er'), { recursive: true })
      writeFileSync(join(at, 'deep/er/x'), file)
      return [`${file}/deep/er/x`]
    case 2:
      rmSync(at, { recursive: true, force: true })
      symlinkSync('../elsewhere', at)
      return [file]
    case 3:
      rmSync(join(workspace, other), { recursive: true, force: true })
      renameSync(dir, join(workspace, other))
      return [folder, other]
    case 4:
      chmodSync(dir, 0o700 + pick(8))
      return [folder]
    default:
      rmSync(at, { recursive: true, force: true })
      appendFileSync(at, `${pick(1000)}\n`.repeat(1 + pick(50)))
      return [file]
  }
}

/** Fills a folder with what `change` changes. */
export function makeFiles(workspace: string): void {
  for (let at = 0; at < FILES; at += 1) {
    mkdirSync(join(workspace, `folder-${at % FOLDERS}`), { recursive: true })
    writeFileSync(join(workspace, `folder-${at % FOLDERS}/file-${Math.floor(at / FOLDERS)}`), `${at}`)
  }
}
