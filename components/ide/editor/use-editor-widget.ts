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
    const held: Disposable[] = []
    let isGone = false
    const load = async (): Promise<void> => {
      await terminalFirst(workbench.terminals.isDrawn)
      if (isGone) return
      const [{ monaco }, loaded, { mountEditor }, { followProblems }] = await importAgain(() =>
        Promise.all([
          import('./load-monaco.ts'),
          import('./models.ts'),
          import('./mount-editor.ts'),
          import('./follow-problems.ts'),
        ]),
      )
      if (isGone) return
      const models = new loaded.Models(monaco)
      held.push(
        followProblems(monaco, models, (problems) => workbench.problems.set(problems)),
        models,
      )
      setWidget({ kind: 'loaded', monaco, models, mountEditor })
    }
    load().catch(() => setWidget({ kind: 'failed' }))
    return () => {
      isGone = true
      for (const one of held) one[Symbol.dispose]()
      setWidget({ kind: 'loading' })
    }
  }, [workbench])
  return widget
}
