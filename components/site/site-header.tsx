import Link from 'next/link'
import { AccountMenu } from '#components/site/account-menu.tsx'
import type { AccountMenuProps } from '#components/site/account-menu.tsx'
import { Logo } from '#components/site/logo.tsx'
import { Button } from '#components/ui/button.tsx'
import { cx } from '#components/ui/cx.ts'

const PAGES = [
  { href: '/repls', title: 'REPLs', needsSignIn: true },
  { href: '/docs', title: 'Docs', needsSignIn: false },
] as const

interface SiteHeaderProps {
  /** Who is signed in, if anybody. */
  who?: AccountMenuProps['who'] | undefined
  /** Path of the page shown. */
  current?: string
}

/** The bar on top of every page but the workbench. */
export function SiteHeader({ who, current }: SiteHeaderProps) {
  return (
    <header className="sticky top-0 z-30 border-b border-line bg-canvas">
      <div className="mx-auto flex h-13 max-w-6xl items-center gap-5 px-4 sm:px-6">
        <Link href="/" aria-label="Devex" className="flex rounded-sm">
          <Logo />
        </Link>
        <nav aria-label="Main" className="flex items-center gap-1">
          {PAGES.filter((page) => who !== undefined || !page.needsSignIn).map((page) => (
            <Link
              key={page.href}
              href={page.href}
              aria-current={page.href === current ? 'page' : undefined}
              className={cx(
                'rounded-md px-2 py-1 text-sm transition-colors hover:bg-hover hover:text-text',
                page.href === current ? 'font-medium text-text' : 'text-muted',
              )}
            >
              {page.title}
            </Link>
          ))}
        </nav>
        <div className="ml-auto">
          {who === undefined ? (
            <Button asChild>
              <Link href="/signin">Sign in</Link>
            </Button>
          ) : (
            <AccountMenu who={who} />
          )}
        </div>
      </div>
    </header>
  )
}
