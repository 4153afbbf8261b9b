import { Dashboard } from '#components/dashboard/dashboard.tsx'
import { toWireError } from '#server/errors.ts'
import type { signedIn } from '../visitor.ts'

type Api = Awaited<ReturnType<typeof signedIn>>['api']

/** Reads what the dashboard begins with; a list that cannot be read is shown as such, with a way to try again. */
export async function DashboardData({ api }: { api: Api }) {
  const [initial, templates, account] = await Promise.all([readList(api), api.templates.list(), api.account.get()])
  return <Dashboard initial={initial} templates={templates} isLocal={account.isLocal} renderedAt={Date.now()} />
}

async function readList(api: Api) {
  try {
    return { repls: await api.repls.list() }
  } catch (error) {
    // tRPC wraps what the domain threw.
    return { error: toWireError(error instanceof Error ? (error.cause ?? error) : error) }
  }
}
