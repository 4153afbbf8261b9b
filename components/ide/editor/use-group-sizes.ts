'use client'

import { useEffect, useRef } from 'react'
import { useGroupRef } from 'react-resizable-panels'
import { rememberSizes } from '../panel-handle.tsx'
import { useWorkbench } from '../use-workbench.tsx'

/** What the panels of these groups are sized by: as somebody left the same groups before, else evenly. */
export function useGroupSizes(ids: readonly number[]) {
  const workbench = useWorkbench()
  const groupRef = useGroupRef()
  const arranged = useRef<string>(undefined)
  const key = `editors-${ids.join('-')}`
  const wanted = (): Record<string, number> =>
    workbench.memory.layout.getSnapshot().sizes[key] ??
    Object.fromEntries(ids.map((id) => [panelId(id), 100 / ids.length]))
  // Panels that came with this very drawing may not be known yet: then it is done once they are.
  const arrange = (): void => {
    const now = groupRef.current?.getLayout() ?? {}
    const isComplete = Object.keys(now).length === ids.length && ids.every((id) => panelId(id) in now)
    if (arranged.current === key || !isComplete) return
    arranged.current = key
    groupRef.current?.setLayout(wanted())
  }
  useEffect(arrange)
  const remember = rememberSizes(workbench, key)
  const onLayoutChanged: typeof remember = (layout, how) => {
    if (how.isUserInteraction) remember(layout, how)
    else arrange()
  }
  return { groupRef, defaultLayout: wanted(), onLayoutChanged }
}

export function panelId(group: number): string {
  return `editor-${group}`
}
