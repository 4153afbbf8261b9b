'use client'

import dynamic from 'next/dynamic'
import { ShareDialog } from '#components/site/share-dialog.tsx'
import type { Overlay } from '../stores/workbench.ts'
import { useRepl, useStore, useWorkbench } from '../use-workbench.tsx'
import { CutAgentDialog, UndoRunDialog } from '../agents/confirm-dialogs.tsx'
import { TrashDialog } from '../files/trash-dialog.tsx'
import { UploadQuestionDialog } from '../files/upload-question.tsx'
import { CheckpointDialog } from '../history/checkpoint-dialog.tsx'
import { RemoveSnapshotDialog } from '../history/remove-snapshot-dialog.tsx'
import { RestoreDialog } from '../history/restore-dialog.tsx'
import { CloseUnsavedDialog } from './close-unsaved-dialog.tsx'
import { CloseTerminalDialog } from './close-terminal-dialog.tsx'
import { HelpSheet } from './help-sheet.tsx'
import { Palette } from './palette.tsx'
import { PasteDialog } from './paste-dialog.tsx'
import { QuickOpen } from './quick-open.tsx'
import { RenameDialog } from './rename-dialog.tsx'
import { RunDialog } from './run-dialog.tsx'
import { VariablesDialog } from './variables-dialog.tsx'

const ThenDialog = dynamic(async () => (await import('../history/then-dialog.tsx')).ThenDialog, { ssr: false })
const ChangeDialog = dynamic(async () => (await import('../git/change-dialog.tsx')).ChangeDialog, { ssr: false })
const FilesDialog = dynamic(async () => (await import('../history/files-dialog.tsx')).FilesDialog, { ssr: false })
const ConnectDialog = dynamic(async () => (await import('../agents/connect-dialog.tsx')).ConnectDialog, { ssr: false })
const CompareDialog = dynamic(async () => (await import('./compare-dialog.tsx')).CompareDialog, { ssr: false })

/** Whatever lies over the workbench: at most one thing that was asked for, and what an upload has to ask. */
export function Overlays() {
  const workbench = useWorkbench()
  const { id, name } = useRepl()
  const overlay = useStore(workbench.overlay)
  const close = (): void => workbench.overlay.set({ kind: 'none' })
  return (
    <>
      <ShareDialog
        replId={id}
        replName={name}
        isLocal={workbench.account.isLocal}
        open={overlay.kind === 'share'}
        onOpenChange={(open) => {
          if (!open) close()
        }}
      />
      <Shown overlay={overlay} onClose={close} />
      <UploadQuestionDialog />
    </>
  )
}

function Shown({ overlay, onClose }: { overlay: Overlay; onClose: () => void }) {
  switch (overlay.kind) {
    case 'none':
    case 'share':
      return null
    case 'quick-open':
      return <QuickOpen onClose={onClose} />
    case 'palette':
      return <Palette onClose={onClose} />
    case 'help':
      return <HelpSheet onClose={onClose} />
    case 'run-settings':
      return <RunDialog onClose={onClose} />
    case 'rename':
      return <RenameDialog onClose={onClose} />
    case 'close-unsaved':
      return <CloseUnsavedDialog path={overlay.path} onClose={onClose} />
    case 'close-terminal':
      return <CloseTerminalDialog {...overlay} onClose={onClose} />
    case 'paste':
      return <PasteDialog text={overlay.text} onConfirm={overlay.onConfirm} onClose={onClose} />
    case 'checkpoint':
      return <CheckpointDialog id={overlay.id} onClose={onClose} />
    case 'restore':
      return <RestoreDialog id={overlay.id} onClose={onClose} />
    case 'remove-snapshot':
      return <RemoveSnapshotDialog snapshot={overlay.snapshot} onClose={onClose} />
    case 'connect-agent':
      return <ConnectDialog onClose={onClose} />
    case 'cut-agent':
      return <CutAgentDialog id={overlay.id} onClose={onClose} />
    case 'undo-run':
      return <UndoRunDialog id={overlay.run} onClose={onClose} />
    case 'variables':
      return <VariablesDialog onClose={onClose} />
    case 'trash':
      return <TrashDialog onClose={onClose} />
    case 'files':
      return <FilesDialog onClose={onClose} />
    case 'git-change':
      return <ChangeDialog change={overlay.change} onClose={onClose} />
    case 'then':
      return <ThenDialog id={overlay.id} path={overlay.path} onClose={onClose} />
    case 'compare':
      return <CompareDialog path={overlay.path} onClose={onClose} />
  }
}
