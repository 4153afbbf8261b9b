import { isCode } from './stores/request-error.ts'
import type { Workbench } from './stores/workbench.ts'

/** The text of a file as it is now: nothing where it was deleted, `undefined` where it is no text. Throws where it cannot be read. */
export async function textOnDisk({ connection }: Workbench, path: string): Promise<string | undefined> {
  try {
    const file = await connection.request('files.read', { path })
    return file.kind === 'text' ? file.content : undefined
  } catch (error) {
    if (isCode(error, 'not_found')) return ''
    throw error
  }
}
