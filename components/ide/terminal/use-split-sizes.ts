'use client'

import { useEffect, useRef } from 'react'
import { useGroupRef } from 'react-resizable-panels'
import { useWorkbench } from '../use-workbench.tsx'

/** How wide terminals side by side are: as somebody left as many of them before, else evenly. */
export function useSplitSizes(ids: readonly string[]) {
  const workbench = useWorkbench()
  const groupRef = useGroupRef()
  const arranged = useRef<string>(undefined)
  const key = `terminals-${ids.length}`
  const wanted = (): Record<string, number> => {
    const known = workbench.memory.layout.getSnapshot().sizes[key]
    return Object.fromEntries(ids.map((id, at) => [id, known?.[at] ?? 100 / ids.length]))
  }
  // Panels that came with this very drawing may not be known yet: then it is done once they are.
  const arrange = (): void => {
    const now = groupRef.current?.getLayout() ?? {}
    const isComplete = Object.keys(now).length === ids.length && ids.every((id) => id in now)
    const set = ids.join(' ')
    if (arranged.current === set || !isComplete) return
    arranged.current = set
    groupRef.current?.setLayout(wanted())
  }
  useEffect(arrange)
  const onLayoutChanged = (layout: Record<string, number>, { isUserInteraction }: { isUserInteraction: boolean }) => {
    if (!isUserInteraction) return arrange()
    const { sizes } = workbench.memory.layout.getSnapshot()
    // By place: terminals come and go, and nobody wants as many sizes kept.
    const byPlace = Object.fromEntries(ids.map((id, at) => [String(at), layout[id] ?? 100 / ids.length]))
    workbench.memory.patch({ sizes: { ...sizes, [key]: byPlace } })
  }
  return { groupRef, defaultLayout: wanted(), onLayoutChanged }
}
