import { leadingTo } from './stores/preview.ts'
import type { Workbench } from './stores/workbench.ts'

/** Opens a port's preview, at `path`, in a tab of its own, which has to be asked for while the click still counts as one. */
export async function openInTab(workbench: Workbench, port: number, path = '/'): Promise<void> {
  const tab = window.open('', '_blank')
  await workbench.attempt(async () => {
    try {
      const url = await workbench.preview.ticketUrl(port)
      if (tab === null) return
      tab.opener = null
      tab.location.replace(leadingTo(new URL(url), path).href)
    } catch (error) {
      tab?.close()
      throw error
    }
  })
}
