import { z } from 'zod'

/** `templates/<key>/template.json`: everything about a template but its files and its image. */
export const templateManifestSchema = z.strictObject({
  title: z.string().min(1).max(40),
  description: z.string().min(1).max(140),
  icon: z.enum(['node', 'python', 'go', 'web', 'empty']),
  /** Place in the create dialog, lowest first. */
  order: z.int(),
  /** What Run does. `port` is what the program listens on, unless `PORT` says otherwise. */
  run: z.strictObject({ command: z.string(), port: z.int().min(1).max(65535).optional() }),
  /** What "ready" means after Run: the port listens, or the command ended well. */
  ready: z.enum(['port', 'exit']),
  /** Shell command that succeeds where the toolchain is there, and what to install where it is not. */
  toolchain: z.strictObject({ probe: z.string(), install: z.string() }).optional(),
  /** File names at a repository's top that mark a project of this kind, and the Run guesses for them, first match wins. */
  detect: z.array(z.strictObject({ file: z.string(), command: z.string(), port: z.int().optional() })).default([]),
  /** Over the installation's own limits; lower ones only. */
  limits: z
    .strictObject({ memoryBytes: z.int().positive().optional(), cpus: z.number().positive().optional() })
    .default({}),
  /** File that the editor opens first. */
  open: z.string().optional(),
})
export type TemplateManifest = z.output<typeof templateManifestSchema>

/** A template as the control plane knows it: its manifest, and the folder of its files. */
export interface Template {
  key: string
  manifest: TemplateManifest
  filesDir: string
}

/** The files of a template are at most so large together. */
export const MAX_TEMPLATE_BYTES = 8 * 1024 * 1024
