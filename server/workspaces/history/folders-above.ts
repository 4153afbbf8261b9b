/** The folders above a path, the nearest first, the top (`''`) last. */
export function foldersAbove(path: string): string[] {
  const folders: string[] = []
  for (let at = path.lastIndexOf('/'); at > 0; at = path.lastIndexOf('/', at - 1)) folders.push(path.slice(0, at))
  return path === '' ? [] : [...folders, '']
}
