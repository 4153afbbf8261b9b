import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import { Script } from 'node:vm'

/** One script with everything in it that is not Node's own, as `scripts/build-sandbox.ts` makes it. */
export const PROGRAM_SUFFIX = '.cjs'

/**
 * What V8 compiled of the script while the program lived like any other. Node's own cache of compiled code
 * (`module.enableCompileCache`) holds what a module needs to be loaded and no more: its functions were compiled while
 * somebody waited. https://nodejs.org/api/vm.html#scriptcreatecacheddata
 */
export const CODE_SUFFIX = '.code'

/** The script is a function of these: CommonJS, as `import.meta.url` and `require` are all that it asks for. */
export const PROGRAM_FORM = { banner: '(function (require, __url) {', footer: '})', url: '__url' } as const

/** A program that has been read. */
export interface Program {
  run(): void
  /** Whether V8 took the compiled code that lies beside it: made by another V8, or with other flags, it is refused. */
  readonly isCompiled: boolean
  /** What V8 has compiled of it by now. */
  compiled(): Buffer
}

/** Reads the program at `path`, a path without suffix. Without compiled code it starts all the same, and slower. */
export function readProgram(path: string): Program {
  const filename = `${path}${PROGRAM_SUFFIX}`
  const cachedData = readIfThere(`${path}${CODE_SUFFIX}`)
  // All but comments is ASCII (the build sees to it): V8 keeps it in half of the memory.
  const script = new Script(readFileSync(filename, 'latin1'), { filename, cachedData })
  return {
    run: () => {
      const main: unknown = script.runInThisContext()
      if (typeof main !== 'function') throw new Error(`${filename} is no program.`)
      main(createRequire(filename), pathToFileURL(filename).href)
    },
    isCompiled: script.cachedDataRejected === false,
    compiled: () => script.createCachedData(),
  }
}

function readIfThere(file: string): Buffer | undefined {
  try {
    return readFileSync(file)
  } catch {
    return undefined
  }
}
