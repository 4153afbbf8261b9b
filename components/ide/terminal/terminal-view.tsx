'use client'

import '@xterm/xterm/css/xterm.css'
import { useEffect, useRef, useState } from 'react'
import { usePreference } from '#components/site/preferences.ts'
import { cx } from '#components/ui/cx.ts'
import type { TerminalInfo } from '#protocol/messages.ts'
import { useTheme } from '../theme-tokens.ts'
import { useStore, useWorkbench } from '../use-workbench.tsx'
import { AgentStrip } from './agent-strip.tsx'
import { KeyBar } from './key-bar.tsx'
import { mountTerminal } from './mount-terminal.ts'
import type { MountedTerminal } from './mount-terminal.ts'
import { TerminalExit } from './terminal-exit.tsx'
import { TerminalFind } from './terminal-find.tsx'

/** One terminal. It stays mounted while another one is shown, so that switching costs nothing. */
export function TerminalView({ info, isShown }: { info: TerminalInfo; isShown: boolean }) {
  const workbench = useWorkbench()
  const [mounted, setMounted] = useState<MountedTerminal>()
  const [isFinding, setIsFinding] = useState(false)
  const element = useRef<HTMLDivElement>(null)
  const [fontSize] = usePreference('terminalFontSize')
  const [readsTerminals] = usePreference('readsTerminals')
  const [optionIsMeta] = usePreference('optionIsMeta')
  const fontSizeAtMount = useRef(fontSize)
  const theme = useTheme()
  const mayType = useStore(workbench.mayEdit)
  const { id, name } = info
  const nameAtMount = useRef(name)

  useEffect(() => {
    if (element.current === null) return
    const terminal = mountTerminal(element.current, {
      terminal: workbench.terminals.open(id),
      label: `Terminal ${nameAtMount.current}`,
      fontSize: fontSizeAtMount.current,
      canType: workbench.mayEdit.getSnapshot(),
      onLongPaste: (text, onConfirm) => workbench.overlay.set({ kind: 'paste', text, onConfirm }),
      onOwnLink: (port, path) => {
        workbench.showPane('preview')
        void workbench.preview.open(port, path)
      },
      onRefused: () =>
        workbench.notify({ title: 'Too much typed that the terminal could not take yet: the rest was left out.' }),
    })
    setMounted(terminal)
    workbench.terminals.attach(id)
    return () => terminal[Symbol.dispose]()
  }, [workbench, id])

  useEffect(() => {
    if (mounted === undefined) return
    mounted.setShown(isShown)
    if (!isShown) return
    const handle = {
      focus: () => mounted.focus(),
      clear: () => mounted.clear(),
      openFind: () => setIsFinding(true),
    }
    workbench.terminalBridge.mounted(handle)
    return () => workbench.terminalBridge.unmounted(handle)
  }, [workbench, mounted, isShown])
  useEffect(() => mounted?.setTheme(theme), [mounted, theme])
  useEffect(() => mounted?.setCanType(mayType), [mounted, mayType])
  useEffect(() => mounted?.setFontSize(fontSize), [mounted, fontSize])
  useEffect(() => mounted?.setReadAloud(readsTerminals), [mounted, readsTerminals])
  useEffect(() => mounted?.setOptionIsMeta(optionIsMeta), [mounted, optionIsMeta])

  return (
    <div
      data-testid={isShown ? 'terminal' : 'terminal-hidden'}
      aria-hidden={!isShown}
      className={cx('absolute inset-0 flex flex-col bg-canvas', !isShown && 'invisible')}
    >
      <AgentStrip info={info} />
      {isFinding && mounted !== undefined && (
        <TerminalFind
          search={mounted.search}
          onClose={() => {
            setIsFinding(false)
            mounted.focus()
          }}
        />
      )}
      <div ref={element} className="min-h-0 grow overflow-hidden pl-3 pt-2" />
      <QueuedInput id={id} />
      {info.exit !== undefined && <TerminalExit info={info} />}
      {mayType && isShown && <KeyBar onType={(text) => mounted?.type(text)} />}
    </div>
  )
}

/** What was typed without a connection, so that nobody wonders where it went. */
function QueuedInput({ id }: { id: string }) {
  const queued = useStore(useWorkbench().terminals.open(id).feed.queued)
  if (queued === 0) return null
  return (
    <output className="absolute bottom-2 right-4 rounded-md bg-attention-soft px-2 py-1 text-xs text-attention">
      {queued} {queued === 1 ? 'character' : 'characters'} typed, sent when the connection is back
    </output>
  )
}
