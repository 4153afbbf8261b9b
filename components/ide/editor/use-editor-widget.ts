'use client'

import { useEffect, useState } from 'react'
import { importAgain } from '../import-again.ts'
import { useWorkbench } from '../use-workbench.tsx'
import type { Monaco } from './load-monaco.ts'
import type { Models } from './models.ts'
import type { mountEditor } from './mount-editor.ts'
import { terminalFirst } from './terminal-first.ts'

/** The code of the editor, once it is there, with the models that all editors of the page share. */
export type EditorWidget =
  | { kind: 'loading' | 'failed' }
  | { kind: 'loaded'; monaco: Monaco; models: Models; mountEditor: typeof mountEditor }

/** Fetches the editor once for the page, after the first paint. */
export function useEditorWidget(): EditorWidget {
  const workbench = useWorkbench()
  const [widget, setWidget] = useState<EditorWidget>({ kind: 'loading' })
  useEffect(() => {
    let models: Models | undefined
    let isGone = false
    const load = async (): Promise<void> => {
      await terminalFirst(workbench.terminals.isDrawn)
      if (isGone) return
      const [{ monaco }, loaded, { mountEditor }] = await importAgain(() =>
        Promise.all([import('./load-monaco.ts'), import('./models.ts'), import('./mount-editor.ts')]),
      )
      if (isGone) return
      models = new loaded.Models(monaco)
      setWidget({ kind: 'loaded', monaco, models, mountEditor })
    }
    load().catch(() => setWidget({ kind: 'failed' }))
    return () => {
      isGone = true
      models?.[Symbol.dispose]()
      setWidget({ kind: 'loading' })
    }
  }, [workbench])
  return widget
}
