'use client'

import { useEffect, useRef, useState } from 'react'
import { usePreference } from '#components/site/preferences.ts'
import { Spinner } from '#components/ui/spinner.tsx'
import { cx } from '#components/ui/cx.ts'
import type { FileDocument } from '../stores/file-document.ts'
import type { TabGroup } from '../stores/tab-group.ts'
import { useTheme } from '../theme-tokens.ts'
import { useStore, useWorkbench } from '../use-workbench.tsx'
import type { MountedEditor } from './mount-editor.ts'
import type { EditorWidget } from './use-editor-widget.ts'

interface CodeEditorProps {
  widget: EditorWidget
  group: TabGroup
  document: FileDocument | undefined
}

/** A group's code editor: mounted once, and shown for whichever text document is active there. */
export function CodeEditor({ widget, group: { id, tabs, active: path }, document: shown }: CodeEditorProps) {
  const workbench = useWorkbench()
  const element = useRef<HTMLDivElement>(null)
  const [editor, setEditor] = useState<MountedEditor>()
  const theme = useTheme()
  const [fontSize] = usePreference('editorFontSize')
  const atMount = useRef({ theme, fontSize })
  const mayEdit = useStore(workbench.mayEdit)

  useEffect(() => {
    if (widget.kind !== 'loaded' || element.current === null) return
    const mounted = widget.mountEditor(widget.monaco, element.current, {
      ...atMount.current,
      models: widget.models,
      isReadonly: !workbench.mayEdit.getSnapshot(),
      onCursor: (cursor) => workbench.editor.cursorMoved(id, cursor),
      onBlur: () => void workbench.documents.saveAll(),
    })
    setEditor(mounted)
    return () => {
      mounted[Symbol.dispose]()
      workbench.editor.unmounted(id)
      setEditor(undefined)
    }
  }, [workbench, widget, id])

  useEffect(() => {
    // By path as well: a moved file is the same document with another model.
    editor?.show(shown)
    if (editor === undefined || shown === undefined || path === undefined) workbench.editor.unmounted(id)
    else workbench.editor.mounted(id, { handle: editor, path })
  }, [workbench, editor, shown, path, id])
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
          {widget.kind === 'failed' ? (
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
