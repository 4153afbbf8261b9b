'use client'

import { useEffect, useRef, useState } from 'react'
import { usePreference } from '#components/site/preferences.ts'
import { Spinner } from '#components/ui/spinner.tsx'
import { cx } from '#components/ui/cx.ts'
import { importAgain } from '../import-again.ts'
import type { FileDocument } from '../stores/file-document.ts'
import { useTheme } from '../theme-tokens.ts'
import { useStore, useWorkbench } from '../use-workbench.tsx'
import type { MountedEditor } from './mount-editor.ts'
import { terminalFirst } from './terminal-first.ts'

/** The code editor: mounted once, after the first paint, and shown for whichever text document is active. */
export function CodeEditor({
  path,
  document: shown,
}: {
  path: string | undefined
  document: FileDocument | undefined
}) {
  const workbench = useWorkbench()
  const element = useRef<HTMLDivElement>(null)
  const [editor, setEditor] = useState<MountedEditor>()
  const [hasFailed, setHasFailed] = useState(false)
  const theme = useTheme()
  const [fontSize] = usePreference('editorFontSize')
  const atMount = useRef({ theme, fontSize })
  const { tabs } = useStore(workbench.tabs.state)
  const mayEdit = useStore(workbench.mayEdit)

  useEffect(() => {
    let mounted: MountedEditor | undefined
    let isGone = false
    const load = async (): Promise<void> => {
      await terminalFirst(workbench.terminals.isDrawn)
      if (isGone) return
      const [{ monaco }, { mountEditor }] = await importAgain(() =>
        Promise.all([import('./load-monaco.ts'), import('./mount-editor.ts')]),
      )
      if (isGone || element.current === null) return
      mounted = mountEditor(monaco, element.current, {
        ...atMount.current,
        isReadonly: !workbench.mayEdit.getSnapshot(),
        onCursor: (cursor) => workbench.editor.cursor.set(cursor),
        onBlur: () => void workbench.documents.saveAll(),
      })
      setEditor(mounted)
    }
    load().catch(() => setHasFailed(true))
    return () => {
      isGone = true
      workbench.editor.mounted(undefined, undefined)
      mounted?.[Symbol.dispose]()
      setEditor(undefined)
    }
  }, [workbench])

  useEffect(() => {
    // By path as well: a moved file is the same document with another model.
    editor?.show(shown)
    workbench.editor.mounted(shown === undefined ? undefined : editor, path)
    if (shown === undefined) workbench.editor.cursor.set(undefined)
  }, [workbench, editor, shown, path])
  useEffect(() => editor?.sweep(new Set(tabs.map((tab) => tab.path))), [editor, tabs])
  useEffect(() => editor?.setReadonly(!mayEdit), [editor, mayEdit])
  useEffect(() => editor?.setTheme(theme), [editor, theme])
  useEffect(() => editor?.setFontSize(fontSize), [editor, fontSize])

  const isShown = shown !== undefined
  return (
    <div className={cx('absolute inset-0', !isShown && 'invisible')}>
      <div ref={element} className="size-full" />
      {isShown && editor === undefined && (
        <div className="absolute inset-0 p-6">
          {hasFailed ? (
            <p role="alert" className="text-failed">
              The editor could not be loaded. Reload the page; nothing is lost.
            </p>
          ) : (
            <Spinner label="Loading the editor" />
          )}
        </div>
      )}
    </div>
  )
}
