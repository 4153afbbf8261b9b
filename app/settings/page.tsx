import type { Metadata } from 'next'
import { SettingsPage } from '#components/site/settings-page.tsx'
import { signedIn } from '../visitor.ts'

export const metadata: Metadata = { title: 'Settings' }

export default async function Page() {
  const { api } = await signedIn('/settings')
  const [account, connections, repls] = await Promise.all([api.account.get(), api.agents.mine(), api.repls.list()])
  const names = Object.fromEntries(repls.map(({ id, name }) => [id, name]))
  return <SettingsPage account={account} agents={{ connections, names, now: Date.now() }} />
}
