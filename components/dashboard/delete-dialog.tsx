'use client'

import { useState } from 'react'
import type { ReplListStore } from '#components/dashboard/repl-list-store.ts'
import { Button } from '#components/ui/button.tsx'
import { Dialog } from '#components/ui/dialog.tsx'
import { useToast } from '#components/ui/toaster.tsx'
import type { ReplView } from '#server/repls/views.ts'

interface DeleteDialogProps {
  repl: ReplView
  store: ReplListStore
  open: boolean
  onClose: () => void
}

/** Asks once, by name; afterwards it can be undone. */
export function DeleteDialog({ repl, store, open, onClose }: DeleteDialogProps) {
  const [isBusy, setIsBusy] = useState(false)
  const toast = useToast()
  const remove = async () => {
    setIsBusy(true)
    const isDone = await store.run('delete', repl.id)
    setIsBusy(false)
    onClose()
    if (!isDone) return
    toast.show({
      title: `${repl.name} is deleted`,
      action: { label: 'Undo', onAct: () => void store.run('restore', repl.id) },
    })
  }
  return (
    <Dialog
      open={open}
      onOpenChange={(isOpen) => {
        if (!isOpen) onClose()
      }}
      width="sm"
      title={`Delete ${repl.name}?`}
      description="It stops now. You can restore it for 7 days; after that its files and history are gone."
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button variant="danger" isBusy={isBusy} onClick={() => void remove()}>
            Delete REPL
          </Button>
        </>
      }
    />
  )
}
