'use client'

import { createContext, use, useSyncExternalStore } from 'react'
import type { Readable } from './stores/store.ts'
import type { Workbench } from './stores/workbench.ts'

export const WorkbenchContext = createContext<Workbench | undefined>(undefined)

/** Everything behind this page. */
export function useWorkbench(): Workbench {
  const workbench = use(WorkbenchContext)
  if (workbench === undefined) throw new Error('useWorkbench needs a WorkbenchContext around it')
  // Most of what is drawn asks what one may do here: a changed role, which is rare, draws it all again.
  useSyncExternalStore(workbench.repl.state.subscribe, canEdit, canEdit)
  return workbench

  function canEdit(): boolean {
    return workbench?.repl.canEdit === true
  }
}

/** A store's value, now and after each change. */
export function useStore<T>(store: Readable<T>): T {
  return useSyncExternalStore(store.subscribe, store.getSnapshot, store.getSnapshot)
}

/** Something about a store's value: a change of the rest draws nothing anew. `select` gives what `Object.is` compares. */
export function useSelected<T, S>(store: Readable<T>, select: (value: T) => S): S {
  const selected = (): S => select(store.getSnapshot())
  return useSyncExternalStore(store.subscribe, selected, selected)
}

/** The REPL as last heard. */
export function useRepl() {
  return useStore(useWorkbench().repl.state).view
}
