'use client'

import type { ClipboardEvent } from 'react'
import type { TreeInstance } from '@headless-tree/core'
import { pasteFiles } from '../stores/paste-files.ts'
import { useWorkbench } from '../use-workbench.tsx'
import { droppedFiles } from './dropped-files.ts'
import { folderOf, meantBy } from './use-file-tree.ts'
import type { TreeItem } from './use-file-tree.ts'

interface TreeClipboard {
  onCopy: (event: ClipboardEvent) => void
  onCut: (event: ClipboardEvent) => void
  onPaste: (event: ClipboardEvent) => void
}

/**
 * Copy, cut and paste in the tree, by whatever keys the browser has for them. What is pasted may come from elsewhere:
 * files, or a picture of the screen.
 */
export function useTreeClipboard(tree: TreeInstance<TreeItem>): TreeClipboard {
  const workbench = useWorkbench()
  const { files, repl, transfers } = workbench
  const take = (event: ClipboardEvent, kind: 'copy' | 'cut'): void => {
    if (isTyping(event)) return
    const paths = meantBy(workbench, tree.getFocusedItem())
    if (paths.length === 0) return
    event.preventDefault()
    event.clipboardData.setData('text/plain', paths.join('\n'))
    if (repl.canEdit) files.clipboard.set({ kind, paths })
  }
  return {
    onCopy: (event) => take(event, 'copy'),
    onCut: (event) => take(event, 'cut'),
    onPaste: (event) => {
      if (isTyping(event) || !repl.canEdit) return
      event.preventDefault()
      const folder = folderOf(tree.getFocusedItem())
      if (event.clipboardData.files.length === 0) return void pasteFiles(workbench, folder)
      const sources = droppedFiles(event.clipboardData)
      void workbench.attempt(async () => transfers.upload(await sources, folder))
    },
  }
}

/** In the field of a name, these are about its text. */
function isTyping({ target }: ClipboardEvent): boolean {
  return target instanceof HTMLInputElement
}
