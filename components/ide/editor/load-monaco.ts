import 'monaco-editor/features/register.all.js'
import 'monaco-editor/languages/definitions/register.all.js'
import 'monaco-editor/languages/features/css/register.js'
import 'monaco-editor/languages/features/html/register.js'
import 'monaco-editor/languages/features/json/register.js'
import { javascriptDefaults, typescriptDefaults } from 'monaco-editor/languages/features/typescript/register.js'
import * as monaco from 'monaco-editor/editor/editor.api.js'

export type Monaco = typeof monaco

/** Workers come from this app like everything else; each is fetched when a file of its language is first opened. */
function worker(label: string): Worker {
  switch (label) {
    case 'json':
      return new Worker(new URL('monaco-editor/language/json/json.worker.js', import.meta.url), { type: 'module' })
    case 'css':
    case 'scss':
    case 'less':
      return new Worker(new URL('monaco-editor/language/css/css.worker.js', import.meta.url), { type: 'module' })
    case 'html':
    case 'handlebars':
    case 'razor':
      return new Worker(new URL('monaco-editor/language/html/html.worker.js', import.meta.url), { type: 'module' })
    case 'typescript':
    case 'javascript':
      return new Worker(new URL('monaco-editor/language/typescript/ts.worker.js', import.meta.url), { type: 'module' })
    default:
      return new Worker(new URL('monaco-editor/editor/editor.worker.js', import.meta.url), { type: 'module' })
  }
}

window.MonacoEnvironment = { getWorker: (_id, label) => worker(label) }

// The project's dependencies are in the REPL, not in this page: what the page cannot know would all be marked as wrong.
for (const defaults of [javascriptDefaults, typescriptDefaults]) {
  defaults.setDiagnosticsOptions({ noSemanticValidation: true, noSuggestionDiagnostics: true })
}

export { monaco }
