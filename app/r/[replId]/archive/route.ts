import { context } from '#server/global.ts'
import { downloadArchive } from '#server/transfers/download-archive.ts'

/** Downloads a REPL's project, as it is now or was then. */
export async function GET(request: Request, { params }: { params: Promise<{ replId: string }> }): Promise<Response> {
  return downloadArchive(request, context(), (await params).replId)
}

export const dynamic = 'force-dynamic'
