import type { Metadata } from 'next'
import { SettingsPage } from '#components/site/settings-page.tsx'
import { signedIn } from '../visitor.ts'

export const metadata: Metadata = { title: 'Settings' }

export default async function Page() {
  const { api } = await signedIn('/settings')
  return <SettingsPage account={await api.account.get()} />
}
