'use client'

import { useState } from 'react'
import { GithubMark } from '#components/site/github-mark.tsx'
import { signIn } from '#components/site/sign-in.ts'
import { Button } from '#components/ui/button.tsx'
import { ErrorState } from '#components/ui/error-state.tsx'

interface SignInCardProps {
  options: { github: boolean; local: boolean }
  /** A path of this site. */
  callbackUrl: string
  error: { message: string; advice: string } | undefined
}

/** The ways in that this browser has. */
export function SignInCard({ options, callbackUrl, error }: SignInCardProps) {
  const [busy, setBusy] = useState<'github' | 'local'>()
  const [failure, setFailure] = useState<string>()
  const enter = async (provider: 'github' | 'local') => {
    setBusy(provider)
    setFailure(undefined)
    const problem = await signIn(provider, callbackUrl)
    if (problem === undefined) return
    setBusy(undefined)
    setFailure(problem)
  }
  return (
    <div className="flex flex-col gap-3">
      {failure === undefined && error !== undefined && <ErrorState {...error} />}
      {failure !== undefined && <ErrorState message={failure} />}
      {options.github && (
        <Button variant="primary" size="lg" isBusy={busy === 'github'} onClick={() => void enter('github')}>
          {busy !== 'github' && <GithubMark />}
          Continue with GitHub
        </Button>
      )}
      {options.local && (
        <Button
          variant={options.github ? 'secondary' : 'primary'}
          size="lg"
          isBusy={busy === 'local'}
          onClick={() => void enter('local')}
        >
          Continue on this machine
        </Button>
      )}
      {!options.github && !options.local && (
        <div className="rounded-md border border-line bg-panel p-4 text-sm text-soft">
          <p className="font-medium text-text">Open the link from your terminal</p>
          <p className="mt-1">
            When <code className="font-mono text-xs">npm start</code> is ready, it prints a link that works once. Open
            it in this browser, and this page lets you in.
          </p>
        </div>
      )}
    </div>
  )
}
