import { rmSync, writeFileSync } from 'node:fs'
import { CODE_SUFFIX, readProgram } from '#wire/program.ts'

/**
 * `node record.ts PATH`: runs the program at `PATH` as its own entry point does, and keeps what was compiled of it when it
 * ends. When its standard input ends, whoever rehearses is gone: it ends at once.
 */
const [, , path = ''] = process.argv
const file = `${path}${CODE_SUFFIX}`
// What was kept before may lack what this life meets.
rmSync(file, { force: true })
const program = readProgram(path)
process.stdin.resume().on('end', () => process.kill(process.pid, 'SIGKILL'))
process.stdin.unref()
process.on('exit', () => writeFileSync(file, program.compiled()))
program.run()
