'use client'

import { useEffect } from 'react'
import type { Workbench } from './stores/workbench.ts'

/** Notices whether somebody turns to the editor or to a terminal, and that they do something themselves. */
export function useWhereabouts(workbench: Workbench): void {
  useEffect(() => {
    const { myPlace, follow, memory } = workbench
    const onFocus = ({ target }: FocusEvent): void => {
      if (!(target instanceof Element)) return
      if (target.closest('.monaco-editor') !== null) myPlace.lookAt('file')
      else if (target.closest('.xterm') !== null) myPlace.lookAt('terminal')
    }
    const onAct = (): void => follow.stop()
    let { pane } = memory.layout.getSnapshot()
    const stop = memory.layout.subscribe(() => {
      const next = memory.layout.getSnapshot().pane
      if (next === pane) return
      pane = next
      if (pane === 'editor') myPlace.lookAt('file')
      else if (pane === 'terminal') myPlace.lookAt('terminal')
    })
    document.addEventListener('focusin', onFocus)
    // Before anything that begins to follow because of it.
    const before = { capture: true }
    window.addEventListener('pointerdown', onAct, before)
    window.addEventListener('keydown', onAct, before)
    return () => {
      stop()
      document.removeEventListener('focusin', onFocus)
      window.removeEventListener('pointerdown', onAct, before)
      window.removeEventListener('keydown', onAct, before)
    }
  }, [workbench])
}
