'use client'

import type { Ref } from 'react'
import { CircleAlert } from 'lucide-react'
import { Button } from '#components/ui/button.tsx'
import type { UploadOutcome } from '../stores/upload-outcome.ts'

interface UploadOutcomeRowProps {
  outcome: UploadOutcome
  dismissRef: Ref<HTMLButtonElement>
  onTryAgain: () => void
  onDismiss: () => void
}

/** What of a batch was not uploaded, why, and the way on. Read out when it appears. */
export function UploadOutcomeRow({ outcome, dismissRef, onTryAgain, onDismiss }: UploadOutcomeRowProps) {
  const { tone, title, reasons, advice, again } = outcome
  return (
    <div role={tone === 'failed' ? 'alert' : 'status'} className="flex gap-2 pt-0.5 [overflow-wrap:anywhere]">
      {tone === 'failed' && (
        <CircleAlert aria-hidden size={14} strokeWidth={1.75} className="mt-px shrink-0 text-failed" />
      )}
      <div className="min-w-0 grow">
        <p className="pr-2.5 text-text">{title}</p>
        {reasons.map((reason) => (
          <p key={reason} className="mt-0.5 pr-2.5">
            {reason}
          </p>
        ))}
        {advice !== undefined && <p className="mt-0.5 pr-2.5 text-soft">{advice}</p>}
        <div className="mt-1.5 flex flex-wrap gap-1.5 pb-1">
          {again.length > 0 && (
            <Button size="sm" onClick={onTryAgain}>
              Try again
            </Button>
          )}
          <Button ref={dismissRef} size="sm" variant="ghost" onClick={onDismiss}>
            Dismiss
          </Button>
        </div>
      </div>
    </div>
  )
}
