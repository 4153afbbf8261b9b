import Link from 'next/link'

/** The end of a page. */
export function SiteFooter() {
  return (
    <footer className="border-t border-line">
      <div className="mx-auto flex max-w-6xl flex-wrap items-center justify-between gap-x-6 gap-y-2 px-4 py-6 text-sm text-muted sm:px-6">
        <span>Devex · self-hosted, MIT licence</span>
        <nav aria-label="Footer" className="flex gap-4">
          <Link href="/docs" className="hover:text-text">
            Docs
          </Link>
          <Link href="/settings" className="hover:text-text">
            Settings
          </Link>
        </nav>
      </div>
    </footer>
  )
}
