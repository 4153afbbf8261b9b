import { cp, lstat } from 'node:fs/promises'

/** Copies a file, or a folder with all in it: links as links, modes and times kept. The signal ends it half done. */
export async function copyExactly(source: string, target: string, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  await cp(source, target, {
    recursive: true,
    preserveTimestamps: true,
    verbatimSymlinks: true,
    filter: async (path) => {
      signal.throwIfAborted()
      return hasContent(path)
    },
  })
}

/** Sockets, pipes and devices have no content to copy. */
async function hasContent(path: string): Promise<boolean> {
  const found = await lstat(path)
  return found.isFile() || found.isDirectory() || found.isSymbolicLink()
}
