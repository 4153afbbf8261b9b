import { WebglAddon } from '@xterm/addon-webgl'
import type { Terminal } from '@xterm/xterm'

/** `localStorage` setting: `dom` keeps the renderer that puts text into the page, for screen readers and tests. */
const RENDERER_KEY = 'devex.terminal.renderer'
/** A canvas takes its new size within so long after the window has moved to another screen. */
const SETTLE_MS = 250
/** Share by which the canvas may differ from the pixels it covers: rounding. */
const TOLERANCE = 0.05

/**
 * Draws a terminal with the GPU while it is shown, and with plain elements where that is not to be had, not wanted, or
 * would show nothing. Browsers allow only some sixteen GPU contexts, so a hidden terminal gives its own back.
 */
export function drawWithGpu(terminal: Terminal): { setActive: (isActive: boolean) => void } {
  let addon: WebglAddon | undefined
  let isPossible = wantsGpu()
  let settling: ReturnType<typeof setTimeout> | undefined
  const release = (): void => {
    clearTimeout(settling)
    settling = undefined
    addon?.dispose()
    addon = undefined
  }
  const giveUp = (): void => {
    isPossible = false
    release()
  }
  const take = (): void => {
    try {
      addon = new WebglAddon()
      addon.onContextLoss(giveUp)
      terminal.loadAddon(addon)
    } catch {
      giveUp()
    }
  }
  terminal.onRender(() => {
    if (addon === undefined || settling !== undefined || isWhole(terminal)) return
    settling = setTimeout(() => {
      settling = undefined
      if (!isWhole(terminal)) giveUp()
    }, SETTLE_MS)
  })
  return {
    setActive(isActive) {
      if (!isActive) release()
      else if (isPossible && addon === undefined) take()
    },
  }
}

/**
 * Whether the GPU's canvas has as many pixels as it covers. The addon draws for the page's pixel ratio, but lets the
 * browser's own measure size the canvas; where the two differ (an emulated screen), most of the text is cut away.
 */
function isWhole({ element }: Terminal): boolean {
  const canvas = element?.querySelector<HTMLCanvasElement>('.xterm-screen > canvas:not([class])')
  if (canvas === null || canvas === undefined) return true
  const wanted = Number.parseFloat(canvas.style.width) * window.devicePixelRatio
  return !(Math.abs(canvas.width - wanted) > wanted * TOLERANCE)
}

function wantsGpu(): boolean {
  try {
    return window.localStorage.getItem(RENDERER_KEY) !== 'dom'
  } catch {
    return true
  }
}
