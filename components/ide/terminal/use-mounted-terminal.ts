'use client'

import '@xterm/xterm/css/xterm.css'
import { useEffect, useRef, useState } from 'react'
import type { RefObject } from 'react'
import { usePreference } from '#components/site/preferences.ts'
import type { TerminalInfo } from '#protocol/messages.ts'
import { openFile } from '../stores/actions.ts'
import { useTheme } from '../theme-tokens.ts'
import { useStore, useWorkbench } from '../use-workbench.tsx'
import { mountTerminal } from './mount-terminal.ts'
import type { MountedTerminal } from './mount-terminal.ts'

/** What to do where the browser keeps the clipboard to itself. */
const NO_CLIPBOARD = {
  copy: {
    title: 'The browser does not let this page copy',
    description: 'Allow it in the site’s settings, or copy from “Show terminal output as text”.',
  },
  paste: {
    title: 'The browser does not let this page read the clipboard',
    description: 'Paste with the browser’s own keys or menu, or allow it in the site’s settings.',
  },
} as const

/** Draws a terminal into the element that `element` is given to, and keeps it to the settings of the person. */
export function useMountedTerminal({ id, name }: TerminalInfo): {
  element: RefObject<HTMLDivElement | null>
  mounted: MountedTerminal | undefined
} {
  const workbench = useWorkbench()
  const [mounted, setMounted] = useState<MountedTerminal>()
  const element = useRef<HTMLDivElement>(null)
  const [fontSize] = usePreference('terminalFontSize')
  const [readsTerminals] = usePreference('readsTerminals')
  const [optionIsMeta] = usePreference('optionIsMeta')
  const [copiesOnSelect] = usePreference('copiesOnSelect')
  const fontSizeAtMount = useRef(fontSize)
  const nameAtMount = useRef(name)
  const theme = useTheme()
  const mayType = useStore(workbench.mayEdit)

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
      paths: {
        find: async (written) => workbench.terminals.files(id, written),
        open: (path, { line, column }) =>
          openFile(
            workbench,
            path,
            line === undefined ? {} : { place: { line, ...(column !== undefined && { column }) } },
          ),
      },
      onRefused: () =>
        workbench.notify({ title: 'Too much typed that the terminal could not take yet: the rest was left out.' }),
      onClipboardRefused: (refused) => workbench.notify(NO_CLIPBOARD[refused]),
    })
    setMounted(terminal)
    workbench.terminals.attach(id)
    return () => terminal[Symbol.dispose]()
  }, [workbench, id])

  useEffect(() => mounted?.setTheme(theme), [mounted, theme])
  useEffect(() => mounted?.setCanType(mayType), [mounted, mayType])
  useEffect(() => mounted?.setFontSize(fontSize), [mounted, fontSize])
  useEffect(() => mounted?.setReadAloud(readsTerminals), [mounted, readsTerminals])
  useEffect(() => mounted?.setOptionIsMeta(optionIsMeta), [mounted, optionIsMeta])
  useEffect(() => mounted?.setCopiesOnSelect(copiesOnSelect), [mounted, copiesOnSelect])
  return { element, mounted }
}
