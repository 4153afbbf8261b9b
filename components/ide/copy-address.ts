import type { Workbench } from './stores/workbench.ts'

/** Puts the address of a public port's preview on the clipboard; where the browser refuses, it is shown to be copied. */
export async function copyAddress(workbench: Workbench, port: number): Promise<void> {
  await workbench.attempt(async () => {
    const { origin } = new URL(await workbench.preview.ticketUrl(port))
    const title = await navigator.clipboard.writeText(origin).then(
      () => 'Address copied',
      () => 'The browser does not let this page copy. The address is:',
    )
    workbench.notify({ title, description: origin })
  })
}
