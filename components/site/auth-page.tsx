import type { ReactNode } from 'react'
import Link from 'next/link'
import { LogoMark } from '#components/site/logo.tsx'

/** A page with one thing in its middle. */
export function AuthPage({ title, children }: { title: string; children: ReactNode }) {
  return (
    <main className="mx-auto flex min-h-dvh w-full max-w-sm flex-col justify-center px-4 pb-24 pt-12">
      <Link href="/" aria-label="Devex" className="mb-6 w-fit rounded-md">
        <LogoMark className="size-9" />
      </Link>
      <h1 className="mb-6 text-xl font-semibold tracking-tight">{title}</h1>
      {children}
    </main>
  )
}
