import { WebglAddon } from '@xterm/addon-webgl'
import type { Terminal } from '@xterm/xterm'

/** `localStorage` setting: `dom` keeps the renderer that puts text into the page, for screen readers and tests. */
const RENDERER_KEY = 'devex.terminal.renderer'

/**
 * Draws a terminal with the GPU while it is shown, and with plain elements where that is not to be had or not wanted.
 * Browsers allow only some sixteen GPU contexts, so a hidden terminal gives its own back.
 */
export function drawWithGpu(terminal: Terminal): { setActive: (isActive: boolean) => void } {
  let addon: WebglAddon | undefined
  let isPossible = wantsGpu()
  const release = (): void => {
    addon?.dispose()
    addon = undefined
  }
  const take = (): void => {
    try {
      addon = new WebglAddon()
      addon.onContextLoss(() => {
        isPossible = false
        release()
      })
      terminal.loadAddon(addon)
    } catch {
      isPossible = false
      release()
    }
  }
  return {
    setActive(isActive) {
      if (!isActive) release()
      else if (isPossible && addon === undefined) take()
    },
  }
}

function wantsGpu(): boolean {
  try {
    return window.localStorage.getItem(RENDERER_KEY) !== 'dom'
  } catch {
    return true
  }
}
