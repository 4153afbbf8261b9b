import { enableCompileCache } from 'node:module'
import { join } from 'node:path'

/** Entry point of the sidecar's program, as the runner has one. */
enableCompileCache({ directory: join(import.meta.dirname, 'code-cache'), portable: true })
await import('./main.ts')
