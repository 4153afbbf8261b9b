import { context } from '#server/global.ts'
import { handleTrpc } from '#server/trpc/http.ts'

function handler(request: Request): Promise<Response> {
  return handleTrpc(request, context())
}

export { handler as GET, handler as POST }
