import type { ReactNode } from 'react'
import { AccountSettings } from '#components/site/account-settings.tsx'
import { AgentsSettings } from '#components/site/agents-settings.tsx'
import { AppearanceSettings } from '#components/site/appearance-settings.tsx'
import { KeysSettings } from '#components/site/keys-settings.tsx'
import { Variables } from '#components/site/variables.tsx'
import { SiteHeader } from '#components/site/site-header.tsx'
import type { ConnectionView } from '#server/agents/agents.ts'
import type { AccountView } from '#server/repls/views.ts'

interface SettingsPageProps {
  account: AccountView
  agents: { connections: ConnectionView[]; names: Readonly<Record<string, string>>; now: number }
}

/** What a person sets: how it looks, who they are here, and which programs act for them. */
export function SettingsPage({ account, agents }: SettingsPageProps) {
  return (
    <>
      <SiteHeader who={account} current="/settings" />
      <main className="mx-auto max-w-6xl px-4 pb-24 pt-8 sm:px-6">
        <h1 className="text-xl font-semibold tracking-tight">Settings</h1>
        <div className="mt-2 divide-y divide-line">
          <Section title="Appearance" about="Kept in this browser.">
            <AppearanceSettings />
          </Section>
          <Section title="Account" about="Who you are on this server.">
            <AccountSettings account={account} />
          </Section>
          <Section title="Connected agents" about="Programs that act for you. Cutting one off works at once.">
            <AgentsSettings {...agents} />
          </Section>
          {account.kind === 'user' && (
            <Section
              id="variables"
              title="Environment variables"
              about="Every REPL of yours has them. Whoever may run commands in one, by a link or as an agent, can read their values."
            >
              <Variables canChange />
            </Section>
          )}
          <Section id="keys" title="Keys" about="Kept in this browser. The editor has keys of its own besides.">
            <KeysSettings />
          </Section>
        </div>
      </main>
    </>
  )
}

interface SectionProps {
  id?: string
  title: string
  about: string
  children: ReactNode
}

function Section({ id, title, about, children }: SectionProps) {
  return (
    <section
      id={id}
      aria-label={title}
      className="scroll-mt-16 grid gap-x-10 gap-y-4 py-8 md:grid-cols-[14rem_minmax(0,1fr)]"
    >
      <div>
        <h2 className="text-base font-medium">{title}</h2>
        <p className="mt-0.5 text-sm text-muted">{about}</p>
      </div>
      <div>{children}</div>
    </section>
  )
}
