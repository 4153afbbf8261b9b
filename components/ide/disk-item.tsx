'use client'

import { useEffect, useState } from 'react'
import { HardDrive, Trash2 } from 'lucide-react'
import { Button } from '#components/ui/button.tsx'
import { cx } from '#components/ui/cx.ts'
import { ErrorState } from '#components/ui/error-state.tsx'
import { Popover, PopoverClose, PopoverContent, PopoverTrigger } from '#components/ui/popover.tsx'
import { Progress } from '#components/ui/progress.tsx'
import { Skeleton } from '#components/ui/skeleton.tsx'
import type { WireError } from '#protocol/errors.ts'
import { formatBytes } from './format.ts'
import type { DiskUse, LargestFolders } from './stores/disk.ts'
import { describeError } from './stores/request-error.ts'
import { useStore, useWorkbench } from './use-workbench.tsx'

const WORDS = {
  ok: 'There is room.',
  warning: 'Nearly full. When it is full, nothing more can be saved.',
  full: 'Full: nothing more can be saved until something is deleted.',
} as const
const TONES = { ok: undefined, warning: 'text-attention', full: 'font-medium text-failed' } as const

/** How full the disk is, in the status bar; a panel says what takes it up. */
export function Disk() {
  const workbench = useWorkbench()
  const use = useStore(workbench.disk.use)
  if (use === undefined) return null
  const words = `${formatBytes(use.usedBytes)} of ${formatBytes(use.limitBytes)}`
  return (
    <Popover>
      <PopoverTrigger
        data-testid="disk-use"
        data-disk={use.state}
        aria-label={`Disk: ${words}. ${WORDS[use.state]}`}
        className={cx(
          'flex h-full shrink-0 cursor-default items-center gap-1.5 -outline-offset-2 hover:text-text [&_svg]:size-3.5 [&_svg]:stroke-[1.5]',
          use.state === 'ok' && 'max-md:hidden',
          TONES[use.state],
        )}
      >
        <HardDrive aria-hidden />
        <span className="tabular-nums max-sm:sr-only">{use.state === 'ok' ? formatBytes(use.usedBytes) : words}</span>
      </PopoverTrigger>
      <PopoverContent label="Disk" align="end" className="w-80 p-3">
        <Panel use={use} words={words} />
      </PopoverContent>
    </Popover>
  )
}

function Panel({ use, words }: { use: DiskUse; words: string }) {
  const workbench = useWorkbench()
  return (
    <div className="flex flex-col gap-3">
      <div>
        <p className="font-medium">Disk: {words}</p>
        <Progress
          label="Disk in use"
          percent={Math.min(100, (use.usedBytes / use.limitBytes) * 100)}
          className="mt-2"
        />
        <p className={cx('mt-1 text-xs', TONES[use.state] ?? 'text-muted')}>{WORDS[use.state]}</p>
      </div>
      {workbench.repl.canEdit && (
        <>
          <Largest />
          <PopoverClose>
            <Button size="sm" onClick={() => workbench.overlay.set({ kind: 'trash' })}>
              <Trash2 aria-hidden size={14} strokeWidth={1.5} />
              Show the trash
            </Button>
          </PopoverClose>
        </>
      )}
    </div>
  )
}

type Found = { kind: 'looking' } | { kind: 'failed'; error: WireError } | { kind: 'ready'; folders: LargestFolders }

/** The largest folders, looked for when the panel opens. */
function Largest() {
  const { disk } = useWorkbench()
  const [found, setFound] = useState<Found>({ kind: 'looking' })
  useEffect(() => {
    let isGone = false
    disk
      .largest()
      .then((folders): Found => ({ kind: 'ready', folders }))
      .catch((error: unknown): Found => ({ kind: 'failed', error: describeError(error) }))
      .then((answer) => {
        if (!isGone) setFound(answer)
      })
      .catch(() => undefined)
    return () => {
      isGone = true
    }
  }, [disk])
  if (found.kind === 'looking') return <Skeleton className="h-16 w-full" />
  if (found.kind === 'failed') return <ErrorState message={found.error.message} advice={found.error.advice} />
  if (found.folders.length === 0) return <p className="text-xs text-muted">No folder takes up more than 1 MB.</p>
  return (
    <ul aria-label="Largest folders" className="flex flex-col gap-0.5 text-xs">
      {found.folders.map(({ place, path, bytes }) => (
        <li key={`${place}/${path}`} className="flex justify-between gap-3">
          <span className="truncate font-mono text-soft" title={path}>
            {place === 'home' ? `~/${path}` : path}
          </span>
          <span className="shrink-0 tabular-nums text-muted">{formatBytes(bytes)}</span>
        </li>
      ))}
    </ul>
  )
}
