import type { ReactNode } from 'react'
import Link from 'next/link'
import { LogoMark } from '#components/site/logo.tsx'
import { Button } from '#components/ui/button.tsx'

interface MessagePageProps {
  title: string
  children: ReactNode
  /** The way on. */
  action: { href: string; label: string }
  /** Before the way on: a button of the page's own. */
  before?: ReactNode
}

/** A page that has one thing to say. */
export function MessagePage({ title, children, action, before }: MessagePageProps) {
  return (
    <main className="mx-auto flex min-h-dvh w-full max-w-md flex-col justify-center px-4 pb-24 pt-12">
      <Link href="/" aria-label="Devex" className="mb-6 w-fit rounded-md">
        <LogoMark className="size-9" />
      </Link>
      <h1 className="text-xl font-semibold tracking-tight">{title}</h1>
      <p className="mt-2 text-base text-muted">{children}</p>
      <div className="mt-6 flex gap-2">
        {before}
        <Button asChild variant={before === undefined ? 'primary' : 'secondary'}>
          <Link href={action.href}>{action.label}</Link>
        </Button>
      </div>
    </main>
  )
}
