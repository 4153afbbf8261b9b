'use client'

import { useEffect, useState } from 'react'
import type { ReactNode } from 'react'
import { Button } from '#components/ui/button.tsx'
import { Dialog } from '#components/ui/dialog.tsx'
import { ErrorState } from '#components/ui/error-state.tsx'
import { Skeleton } from '#components/ui/skeleton.tsx'
import { nameOf } from '#protocol/paths.ts'
import { mountDiff } from '../editor/mount-diff.ts'
import { useTheme } from '../theme-tokens.ts'

/** Both texts of a file, or why they cannot be shown. */
export type Texts = { kind: 'texts'; theirs: string; mine: string } | { kind: 'unseen'; why: string }

interface DiffDialogProps {
  path: string
  /** Called once for each function that is given. Never rejects. */
  load: () => Promise<Texts>
  /** What is at the left and at the right. */
  labels: { theirs: string; mine: string }
  /** What to do where they cannot be shown. */
  advice: string
  action: ReactNode
  onClose: () => void
}

/** Two texts of one file side by side. */
export function DiffDialog({ path, load, labels, advice, action, onClose }: DiffDialogProps) {
  const [element, setElement] = useState<HTMLDivElement | null>(null)
  const [texts, setTexts] = useState<Texts>()
  const theme = useTheme()
  useEffect(() => {
    let isGone = false
    void load().then((read) => {
      if (!isGone) setTexts(read)
    })
    return () => {
      isGone = true
    }
  }, [load])
  useEffect(() => {
    if (element === null || texts?.kind !== 'texts') return
    const { theirs, mine } = texts
    const diff = mountDiff(element, { path, theirs, mine, labels, theme })
    return () => diff[Symbol.dispose]()
  }, [element, path, texts, labels, theme])
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title={nameOf(path)}
      description={`${path}. Left: ${lowerFirst(labels.theirs)}. Right: ${lowerFirst(labels.mine)}.`}
      className="sm:h-[76dvh] sm:max-w-6xl!"
      footer={
        <>
          <Button onClick={onClose}>Close</Button>
          {action}
        </>
      }
    >
      {texts === undefined && <Skeleton className="h-[50dvh] w-full" />}
      {texts?.kind === 'unseen' && <ErrorState message={texts.why} advice={advice} />}
      {texts?.kind === 'texts' && (
        <div ref={setElement} className="h-[50dvh] overflow-hidden rounded-md border border-line" />
      )}
    </Dialog>
  )
}

function lowerFirst(words: string): string {
  return words.charAt(0).toLowerCase() + words.slice(1)
}
