import { copyText } from '#components/ui/copy-text.ts'
import type { Workbench } from './stores/workbench.ts'

/** Puts `text` on the clipboard; where the browser refuses, it is shown to be copied. */
export async function copyOrShow(workbench: Workbench, text: string): Promise<void> {
  if (!(await copyText(text))) {
    workbench.notify({ title: 'The browser does not let this page copy. Select it here:', description: text })
  }
}

/** Puts the address of a public port's preview on the clipboard, and says so. */
export async function copyAddress(workbench: Workbench, port: number): Promise<void> {
  await workbench.attempt(async () => {
    const { origin } = new URL(await workbench.preview.ticketUrl(port))
    if (await copyText(origin)) workbench.notify({ title: 'Address copied', description: origin })
    else workbench.notify({ title: 'The browser does not let this page copy. The address is:', description: origin })
  })
}
