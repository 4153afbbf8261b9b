import type { RunDefaults, RunGuess } from '#protocol/adoption.ts'
import type { TemplateView } from '#server/repls/views.ts'
import type { Template } from '#server/workspaces/template.ts'

/** The templates of this installation. */
export interface Templates {
  /** In the order of the create dialog, each with whether its toolchain is here. */
  list(): Promise<TemplateView[]>
  /** `bad_request` that names the known ones if there is none such. */
  get(key: string): Template
  /** That of a repl that there is: one whose template is gone is run as an empty one, with nothing for Run. */
  ofRepl(key: string): Template
  /** Which template fits a folder's file names, and what Run should do there. */
  guess(names: string[]): { template: string; run: RunDefaults }
  /** By which files `guess` knows what Run does, in its order. */
  runGuesses(): RunGuess[]
}
