import { context } from '#server/global.ts'
import { uploadImport } from '#server/transfers/upload-import.ts'

/** Makes a REPL of a zip. */
export function POST(request: Request): Promise<Response> {
  return uploadImport(request, context())
}

export const dynamic = 'force-dynamic'
