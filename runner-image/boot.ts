import { basename, join } from 'node:path'
import { readProgram } from '#wire/program.ts'

/** Entry point of the runner's and of the sidecar's program: `<name>.mjs`, which runs the program `<name>` beside it. */
readProgram(join(import.meta.dirname, basename(import.meta.filename, '.mjs'))).run()
