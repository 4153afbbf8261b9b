'use client'

import { useCallback, useState } from 'react'
import type { CSSProperties } from 'react'
import type { PreviewState } from '../stores/preview.ts'
import { useStore, useWorkbench } from '../use-workbench.tsx'
import { DEVICES, fitted } from './devices.ts'
import type { Device } from './devices.ts'

/**
 * What people's pages expect of a browser, but never to send this page elsewhere. Their origin is their own, so with
 * `allow-same-origin` nothing of ours comes into reach.
 */
const SANDBOX = [
  'allow-scripts',
  'allow-same-origin',
  'allow-forms',
  'allow-popups',
  'allow-popups-to-escape-sandbox',
  'allow-modals',
  'allow-downloads',
].join(' ')

/** The program's page, in the size that was chosen; another size does not load it anew. */
export function PreviewFrame({ state }: { state: Extract<PreviewState, { kind: 'shown' }> }) {
  const { memory } = useWorkbench()
  const { device } = useStore(memory.layout)
  const [room, setRoom] = useState({ width: 0, height: 0 })
  const follow = useCallback((element: HTMLDivElement) => {
    const observer = new ResizeObserver(() => setRoom({ width: element.clientWidth, height: element.clientHeight }))
    observer.observe(element)
    return () => observer.disconnect()
  }, [])
  return (
    <div ref={follow} className={device === 'fill' ? 'absolute inset-0' : 'absolute inset-0 overflow-hidden bg-inset'}>
      <iframe
        key={state.visit}
        title={`Preview of port ${state.port}`}
        src={state.src}
        sandbox={SANDBOX}
        allow="clipboard-read; clipboard-write; fullscreen"
        className="absolute border-0 bg-canvas"
        style={styleOf(device, room)}
      />
    </div>
  )
}

function styleOf(device: Device, room: { width: number; height: number }): CSSProperties {
  const size = DEVICES[device]
  if (!('width' in size)) return { inset: 0, width: '100%', height: '100%' }
  const { scale, left } = fitted(size, room)
  const { width, height } = size
  return { top: 0, left, width, height, transform: `scale(${scale})`, transformOrigin: 'top left' }
}
