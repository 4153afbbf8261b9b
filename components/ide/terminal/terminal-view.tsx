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

interface TerminalViewProps {
  info: TerminalInfo
  /** On the screen. */
  isShown: boolean
  /** Commands are for this one. */
  isActive: boolean
  /** Others are beside it. */
  isSplit: boolean
}

/** One terminal. Whatever is done in it makes it the active one. */
export function TerminalView({ info, isShown, isActive, isSplit }: TerminalViewProps) {
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

  useEffect(() => mounted?.setShown(isShown), [mounted, isShown])
  useEffect(() => {
    if (mounted === undefined) return
    if (!isShown || !isActive) return
    const handle = {
      focus: () => mounted.focus(),
      clear: () => mounted.clear(),
      openFind: () => setIsFinding(true),
    }
    workbench.terminalBridge.mounted(handle)
    return () => workbench.terminalBridge.unmounted(handle)
  }, [workbench, mounted, isShown, isActive])
  useEffect(() => mounted?.setTheme(theme), [mounted, theme])
  useEffect(() => mounted?.setCanType(mayType), [mounted, mayType])
  useEffect(() => mounted?.setFontSize(fontSize), [mounted, fontSize])
  useEffect(() => mounted?.setReadAloud(readsTerminals), [mounted, readsTerminals])
  useEffect(() => mounted?.setOptionIsMeta(optionIsMeta), [mounted, optionIsMeta])

  const activate = (): void => {
    if (!isActive) workbench.terminals.activate(id)
  }
  return (
    <div
      data-testid={isShown ? 'terminal' : 'terminal-hidden'}
      {...(isSplit && { role: 'group', 'aria-label': name, 'aria-current': isActive })}
      className={cx(
        'absolute inset-0 flex flex-col bg-canvas',
        isSplit && `border-t ${isActive ? 'border-accent' : 'border-transparent'}`,
      )}
      onFocusCapture={activate}
      onPointerDownCapture={activate}
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
      {mayType && isShown && isActive && <KeyBar onType={(text) => mounted?.type(text)} />}
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
