import type * as Api from 'monaco-editor/editor/editor.api.js'
import { MAX_PROBLEMS } from '../stores/limits.ts'
import type { Problem } from '../stores/problems.ts'
import type { Models } from './models.ts'

/** Tells what the editor finds wrong in open files, errors first, whenever that changes; until the answer is disposed of. */
export function followProblems(
  monaco: typeof Api,
  models: Models,
  tell: (problems: readonly Problem[]) => void,
): Disposable {
  const { Error, Warning } = monaco.MarkerSeverity
  const look = (): void => {
    const markers = monaco.editor.getModelMarkers({}).filter(({ severity }) => severity >= Warning)
    const problems = markers.flatMap(({ resource, severity, startLineNumber: line, startColumn: column, message }) => {
      const path = models.pathOf(resource)
      return path === undefined
        ? []
        : [{ path, line, column, message, severity: severity === Error ? ('error' as const) : ('warning' as const) }]
    })
    tell(problems.toSorted(byImportance).slice(0, MAX_PROBLEMS))
  }
  const following = monaco.editor.onDidChangeMarkers(look)
  return {
    [Symbol.dispose]() {
      following.dispose()
      tell([])
    },
  }
}

function byImportance(one: Problem, other: Problem): number {
  return (
    one.severity.localeCompare(other.severity) ||
    one.path.localeCompare(other.path) ||
    one.line - other.line ||
    one.column - other.column
  )
}
