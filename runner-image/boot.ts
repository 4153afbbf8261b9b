import { enableCompileCache } from 'node:module'
import { join } from 'node:path'

/** Entry point of the runner's program. Its compiled code lies beside it since it was built: it is up sooner. */
enableCompileCache({ directory: join(import.meta.dirname, 'code-cache'), portable: true })
await import('./main.ts')
