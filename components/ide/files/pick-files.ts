import type { UploadSource } from '../stores/transfers.ts'

/** Lets somebody choose files, or a folder with all that is in it. Answers none where they think better of it. */
export async function pickFiles(kind: 'files' | 'folder'): Promise<UploadSource[]> {
  const input = document.createElement('input')
  input.type = 'file'
  input.multiple = true
  input.webkitdirectory = kind === 'folder'
  input.hidden = true
  const { promise, resolve } = Promise.withResolvers<readonly File[]>()
  input.addEventListener('change', () => resolve([...(input.files ?? [])]))
  input.addEventListener('cancel', () => resolve([]))
  // Safari forgets one that is not in the page.
  document.body.append(input)
  input.click()
  const files = await promise.finally(() => input.remove())
  return files.map((blob) => ({ path: blob.webkitRelativePath || blob.name, blob }))
}
