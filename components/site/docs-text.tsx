import type { ReactNode } from 'react'
import { ROLE_WORDS } from '#components/site/share-form.tsx'
import { Kbd } from '#components/ui/kbd.tsx'

const ISOLATION = [
  {
    level: 'None',
    text: 'Without bubblewrap, REPLs are ordinary processes of this machine. For one person who trusts their own code.',
  },
  {
    level: 'Bubblewrap',
    text: 'Files, processes and, where the machine allows it, the network are separate. The kernel is shared.',
  },
  { level: 'Pod', text: 'On Kubernetes, each REPL is a pod with a restricted profile and network policy.' },
  { level: 'Sandboxed pod', text: 'With gVisor or Kata under it: for people who do not trust each other.' },
] as const

export function GettingStarted() {
  return (
    <ol className="flex list-decimal flex-col gap-1.5 pl-5 marker:text-faint">
      <li>
        On the list of REPLs press <Kbd keys="n" />, choose a template or paste the address of a Git repository.
      </li>
      <li>
        The editor opens with a terminal in the project. Changes save by themselves; the bar at the bottom says when.
      </li>
      <li>
        <b className="font-medium text-text">Run</b> starts the program. When it listens on a port, its preview opens
        beside the editor.
      </li>
      <li>Close the page whenever you like. Terminals go on, and are where you left them when you come back.</li>
    </ol>
  )
}

export function Sharing() {
  return (
    <>
      <p>
        The owner of a REPL makes links. Each link gives one role, may expire, and can be revoked at once, for all or
        for one person.
      </p>
      <Terms>
        <Term name="Viewer">{ROLE_WORDS.viewer}</Term>
        <Term name="Editor">{ROLE_WORDS.editor}</Term>
      </Terms>
      <p>
        Who opens a link while signed in finds the REPL under “Shared with me”. A viewer link can be made to work
        without signing in.
      </p>
    </>
  )
}

export function Saving() {
  return (
    <>
      <p>
        The project lies in <Code>/workspace</Code>, your settings in <Code>/home/dev</Code>. Both are saved within
        seconds of a change while the REPL runs, and once more when it stops. Caches are not.
      </p>
      <p>
        A REPL in which nothing works any more goes to sleep. A build or a server at work keeps it awake; an open page
        alone does not. Opening it wakes it, with everything in place. A deleted REPL can be restored for 7 days.
      </p>
    </>
  )
}

/** What programs are told that is in no file. */
export function EnvironmentVariables() {
  return (
    <p>
      Keys and addresses that belong in no file are kept as environment variables: of one REPL (its menu,{' '}
      <b className="font-medium text-text">Environment variables</b>), or of your account, for all your REPLs (in the
      settings). They are kept encrypted; pages never show their values; no snapshot, fork or download has them. Whoever
      may run commands in a REPL can read them there.
    </p>
  )
}

export function Isolation() {
  return (
    <>
      <p>The bar at the bottom of the editor says which level this server gives.</p>
      <Terms>
        {ISOLATION.map(({ level, text }) => (
          <Term key={level} name={level}>
            {text}
          </Term>
        ))}
      </Terms>
    </>
  )
}

export function Deploying() {
  return (
    <p>
      To be reached from other machines, the server needs GitHub sign-in: set <Code>HOST</Code>, <Code>PUBLIC_URL</Code>
      , <Code>GITHUB_CLIENT_ID</Code> and <Code>GITHUB_CLIENT_SECRET</Code>, and say who may come in with{' '}
      <Code>ALLOWED_GITHUB_USERS</Code>. Every setting is in <Code>.env.example</Code>.
    </p>
  )
}

function Terms({ children }: { children: ReactNode }) {
  return <dl className="grid gap-x-4 gap-y-1 sm:grid-cols-[8rem_minmax(0,1fr)]">{children}</dl>
}

function Term({ name, children }: { name: string; children: ReactNode }) {
  return (
    <>
      <dt className="font-medium text-text">{name}</dt>
      <dd className="max-sm:mb-2">{children}</dd>
    </>
  )
}

/** A name as it is typed. */
export function Code({ children }: { children: ReactNode }) {
  return <code className="rounded-sm bg-inset px-1 py-0.5 font-mono text-xs text-text">{children}</code>
}
