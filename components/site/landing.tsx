import Link from 'next/link'
import { CommandLine } from '#components/site/command-line.tsx'
import { ProductPicture } from '#components/site/product-picture.tsx'
import { SiteFooter } from '#components/site/site-footer.tsx'
import { SiteHeader } from '#components/site/site-header.tsx'
import type { AccountMenuProps } from '#components/site/account-menu.tsx'
import { Button } from '#components/ui/button.tsx'

const POINTS = [
  {
    title: 'Nothing is lost',
    text: 'Shells and files outlive the page, the network and a restart of the server. What is on disk is saved within seconds.',
  },
  {
    title: 'Together, by link',
    text: 'Send a link as viewer or editor, with an expiry if you like. Take it back, and it is cut off within a second.',
  },
  {
    title: 'Yours',
    text: 'One command runs it on a laptop with no account anywhere. The same program runs on a server or a cluster.',
  },
] as const

/** The first page: what it is, what it looks like, how to run it, and the way in. */
export function Landing({ who }: { who: AccountMenuProps['who'] | undefined }) {
  return (
    <>
      <SiteHeader who={who} current="/" />
      <main className="mx-auto max-w-6xl px-4 sm:px-6">
        <div className="flex flex-col items-start gap-6 pb-10 pt-14 sm:pt-20">
          <h1 className="max-w-3xl text-balance text-2xl font-semibold tracking-tight sm:text-3xl">
            A cloud development environment of your own: editor, terminals and live previews in the browser.
          </h1>
          <div className="flex w-full flex-wrap items-center gap-3">
            <Button asChild variant="primary" size="lg">
              {who === undefined ? <Link href="/signin">Sign in</Link> : <Link href="/repls">Open your REPLs</Link>}
            </Button>
            <CommandLine command="npm start" hint="runs it, in a clone of the repository" />
          </div>
        </div>
        <ProductPicture />
        <ul className="grid gap-x-8 gap-y-6 border-t border-line py-10 sm:grid-cols-3">
          {POINTS.map((point) => (
            <li key={point.title}>
              <h2 className="text-base font-medium text-text">{point.title}</h2>
              <p className="mt-1 text-base text-muted">{point.text}</p>
            </li>
          ))}
        </ul>
      </main>
      <SiteFooter />
    </>
  )
}
