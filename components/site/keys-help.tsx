import { KeysTable } from '#components/site/keys-table.tsx'
import { Dialog } from '#components/ui/dialog.tsx'

/** The sheet behind `?`. */
export function KeysHelp(dialog: { open: boolean; onOpenChange: (open: boolean) => void }) {
  return (
    <Dialog {...dialog} width="lg" title="Keys">
      <KeysTable heading="h3" />
    </Dialog>
  )
}
