import { nameOf } from '#protocol/paths.ts'
import type { FakeRunner } from './_fake-runner.ts'
import { RequestError } from './request-error.ts'

/** Files in memory behind a `FakeRunner`, with the rules of the real ones: etags, no silent overwrite, a trash. */
export class FakeDisk {
  readonly files = new Map<string, string>()
  readonly #trash = new Map<string, [string, string]>()
  #deletions = 0
  /** Thrown by the next write instead of writing. */
  writeError: RequestError | undefined

  constructor(runner: FakeRunner, files: Record<string, string> = {}) {
    for (const [path, content] of Object.entries(files)) this.files.set(path, content)
    runner.handle('files.read', ({ path }: { path: string }) => {
      const content = this.#need(path)
      if (content.includes('\0')) return { kind: 'binary', etag: etagOf(content), size: content.length, mtime: 0 }
      return { kind: 'text', content, etag: etagOf(content), size: content.length, mtime: 0 }
    })
    runner.handle('files.stat', ({ path }: { path: string }) => ({
      entry: { name: nameOf(path), type: 'file', size: 0, mtime: 0, mode: 420 },
      etag: etagOf(this.#need(path)),
    }))
    runner.handle('files.write', ({ path, content, ifMatch }: Write) => this.#write({ path, content, ifMatch }))
    runner.handle('files.list', ({ path }: { path: string }) => ({ entries: this.#list(path) }))
    runner.handle('files.copy', ({ from, to }: Move) => this.#put(to, this.#need(from)))
    runner.handle('files.move', ({ from, to }: Move) => {
      const moved = [...this.files].filter(([path]) => path === from || path.startsWith(`${from}/`))
      if (moved.length === 0) this.#need(from)
      for (const [path, content] of moved) {
        this.#put(to + path.slice(from.length), content)
        this.files.delete(path)
      }
      return {}
    })
    runner.handle('files.delete', ({ path }: { path: string }) => {
      const deletion = `d${String((this.#deletions += 1)).padStart(15, '0')}`
      this.#trash.set(deletion, [path, this.#need(path)])
      this.files.delete(path)
      return { deletion }
    })
    runner.handle('trash.list', () => ({
      deleted: [...this.#trash].map(([deletion, [path]]) => ({ deletion, path, at: 0 })).toReversed(),
      total: this.#trash.size,
    }))
    runner.handle('trash.empty', ({ deletions }: { deletions?: string[] }) => {
      for (const deletion of deletions ?? [...this.#trash.keys()]) this.#trash.delete(deletion)
      return {}
    })
    runner.handle('files.restore', ({ deletion }: { deletion: string }) => {
      const [path, content] = this.#trash.get(deletion) ?? ['', '']
      this.#put(path, content)
      this.#trash.delete(deletion)
      return { path }
    })
  }

  #write({ path, content, ifMatch }: Write): { etag: string; size: number; mtime: number } {
    const error = this.writeError
    this.writeError = undefined
    if (error !== undefined) throw error
    const there = this.files.get(path)
    const etag = there === undefined ? null : etagOf(there)
    if (etag !== ifMatch) throw new RequestError({ code: 'conflict', message: 'Something else is there.' })
    this.files.set(path, content)
    return { etag: etagOf(content), size: content.length, mtime: 0 }
  }

  #put(path: string, content: string): Record<string, never> {
    if (this.files.has(path)) throw new RequestError({ code: 'conflict', message: 'Something is there.' })
    this.files.set(path, content)
    return {}
  }

  #list(folder: string): Listed[] {
    const prefix = folder === '' ? '' : `${folder}/`
    const listed = new Map<string, Listed>()
    for (const path of this.files.keys()) {
      if (!path.startsWith(prefix)) continue
      const [name = '', ...below] = path.slice(prefix.length).split('/')
      listed.set(name, { name, type: below.length === 0 ? 'file' : 'directory', size: 0, mtime: 0, mode: 420 })
    }
    return [...listed.values()]
  }

  #need(path: string): string {
    const content = this.files.get(path)
    if (content === undefined) throw new RequestError({ code: 'not_found', message: 'There is no such file.', path })
    return content
  }
}

interface Listed {
  name: string
  type: 'file' | 'directory'
  size: number
  mtime: number
  mode: number
}

interface Write {
  path: string
  content: string
  ifMatch: string | null
}

interface Move {
  from: string
  to: string
}

function etagOf(content: string): string {
  return `e-${content.length}-${content.slice(0, 80)}`
}
