'use client'

import { useEffect, useState } from 'react'
import { cx } from '#components/ui/cx.ts'
import type { TerminalInfo } from '#protocol/messages.ts'
import { useStore, useWorkbench } from '../use-workbench.tsx'
import { AgentStrip } from './agent-strip.tsx'
import { KeyBar } from './key-bar.tsx'
import { TerminalExit } from './terminal-exit.tsx'
import { TerminalFind } from './terminal-find.tsx'
import { TextDialog } from './text-dialog.tsx'
import { useMountedTerminal } from './use-mounted-terminal.ts'

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
  const [isFinding, setIsFinding] = useState(false)
  const [text, setText] = useState<string>()
  const mayType = useStore(workbench.mayEdit)
  const { id, name } = info
  const { element, mounted } = useMountedTerminal(info)

  useEffect(() => mounted?.setShown(isShown), [mounted, isShown])
  useEffect(() => {
    if (mounted === undefined) return
    if (!isShown || !isActive) return
    const handle = {
      focus: () => mounted.focus(),
      clear: () => mounted.clear(),
      openFind: () => setIsFinding(true),
      openText: () => setText(mounted.text()),
    }
    workbench.terminalBridge.mounted(handle)
    return () => workbench.terminalBridge.unmounted(handle)
  }, [workbench, mounted, isShown, isActive])

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
      <div className="min-h-0 grow pl-3 pt-2">
        <div ref={element} className="h-full overflow-hidden" />
      </div>
      <QueuedInput id={id} />
      {info.exit !== undefined && <TerminalExit info={info} />}
      {mayType && isShown && isActive && (
        <KeyBar
          onType={(typed) => mounted?.type(typed)}
          onPaste={() => mounted?.paste()}
          onCopy={() => setText(mounted?.text())}
        />
      )}
      {text !== undefined && <TextDialog name={name} text={text} onClose={() => setText(undefined)} />}
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
