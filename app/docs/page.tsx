import type { Metadata } from 'next'
import { DocsPage } from '#components/site/docs-page.tsx'
import { context } from '#server/global.ts'
import { visitor } from '../visitor.ts'

export const metadata: Metadata = { title: 'Docs' }

export default async function Page() {
  const who = await visitor()
  const templates = await context().templates.list()
  return <DocsPage who={who?.kind === 'user' ? who : undefined} templates={templates} />
}
