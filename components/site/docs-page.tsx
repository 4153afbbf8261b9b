import type { ReactNode } from 'react'
import Link from 'next/link'
import { Agents, History, Previews } from '#components/site/docs-agents.tsx'
import {
  Deploying,
  EnvironmentVariables,
  GettingStarted,
  Isolation,
  Saving,
  Sharing,
} from '#components/site/docs-text.tsx'
import { GitChapter, Terminals } from '#components/site/docs-workbench.tsx'
import { KeysTable } from '#components/site/keys-table.tsx'
import { SiteFooter } from '#components/site/site-footer.tsx'
import { SiteHeader } from '#components/site/site-header.tsx'
import type { AccountMenuProps } from '#components/site/account-menu.tsx'
import { TemplateIcon } from '#components/ui/template-icon.tsx'
import type { TemplateView } from '#server/repls/views.ts'

interface DocsPageProps {
  who: AccountMenuProps['who'] | undefined
  templates: TemplateView[]
}

/** Everything one needs to know, on one page. */
export function DocsPage({ who, templates }: DocsPageProps) {
  const chapters: { id: string; title: string; body: ReactNode }[] = [
    { id: 'start', title: 'Getting started', body: <GettingStarted /> },
    { id: 'templates', title: 'Templates', body: <TemplateList templates={templates} /> },
    { id: 'keys', title: 'Keys', body: <Keys /> },
    { id: 'terminals', title: 'Terminals', body: <Terminals /> },
    { id: 'git', title: 'Git', body: <GitChapter /> },
    { id: 'sharing', title: 'Sharing', body: <Sharing /> },
    { id: 'agents', title: 'Agents', body: <Agents /> },
    { id: 'previews', title: 'Previews', body: <Previews /> },
    { id: 'history', title: 'History', body: <History /> },
    { id: 'saving', title: 'Saving and sleeping', body: <Saving /> },
    { id: 'variables', title: 'Environment variables', body: <EnvironmentVariables /> },
    { id: 'isolation', title: 'Isolation', body: <Isolation /> },
    { id: 'deploy', title: 'Deploying', body: <Deploying /> },
  ]
  return (
    <>
      <SiteHeader who={who} current="/docs" />
      <div className="mx-auto grid max-w-6xl gap-x-12 px-4 pb-24 pt-8 sm:px-6 md:grid-cols-[11rem_minmax(0,1fr)]">
        <nav aria-label="On this page" className="max-md:hidden">
          <ul className="sticky top-21 flex flex-col gap-0.5">
            {chapters.map((chapter) => (
              <li key={chapter.id}>
                <a
                  href={`#${chapter.id}`}
                  className="block rounded-md px-2 py-1 text-sm text-muted hover:bg-hover hover:text-text"
                >
                  {chapter.title}
                </a>
              </li>
            ))}
          </ul>
        </nav>
        <main className="max-w-2xl">
          <h1 className="text-xl font-semibold tracking-tight">Docs</h1>
          {chapters.map((chapter) => (
            <section key={chapter.id} id={chapter.id} aria-label={chapter.title} className="scroll-mt-20 pt-8">
              <h2 className="mb-3 text-lg font-semibold tracking-tight">{chapter.title}</h2>
              <div className="flex flex-col gap-3 text-base text-soft">{chapter.body}</div>
            </section>
          ))}
        </main>
      </div>
      <SiteFooter />
    </>
  )
}

function Keys() {
  return (
    <>
      <p>
        These are the keys as they were made. In{' '}
        <Link href="/settings#keys" className="font-medium text-accent-text underline underline-offset-2">
          the settings
        </Link>{' '}
        every command can be given others.
      </p>
      <KeysTable heading="h3" />
    </>
  )
}

function TemplateList({ templates }: { templates: TemplateView[] }) {
  return (
    <ul className="divide-y divide-line rounded-lg border border-line">
      {templates.map((template) => (
        <li key={template.key} className="flex gap-3 p-3">
          <TemplateIcon template={template.icon} />
          <div className="min-w-0">
            <p className="text-sm font-medium text-text">{template.title}</p>
            <p className="text-sm text-muted">{template.description}</p>
            {!template.available && <p className="text-sm text-attention">Not available here. {template.install}</p>}
          </div>
        </li>
      ))}
    </ul>
  )
}
