// Plain JavaScript: `node scripts/run.js FILE ARGS…` runs FILE with the project's Node, installing first if need be.
import { spawn } from 'node:child_process'
import { install } from './install.js'
import { ROOT, findNode } from './node.js'

/** Runs a program to its end, passing signals on; resolves to its exit code. */
export function run(program, args, env = process.env) {
  const child = spawn(program, args, { cwd: ROOT, stdio: 'inherit', env })
  // A terminal sends Ctrl-C to the whole group: the child handles it, this process only waits.
  const pass = (signal) => process.on(signal, () => signal !== 'SIGINT' && child.kill(signal))
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) pass(signal)
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', (code, signal) => resolve(code ?? (signal === 'SIGINT' ? 130 : 1)))
  })
}

/** Arguments for running one of our TypeScript files or a tool with the project's Node. */
export function nodeArgs(...args) {
  return ['--disable-warning=ExperimentalWarning', ...args]
}

export { findNode, install }

if (process.argv[1] === new URL(import.meta.url).pathname) {
  try {
    install()
    process.exitCode = await run(findNode(), nodeArgs(...process.argv.slice(2)))
  } catch (error) {
    console.error(error.message)
    process.exitCode = 1
  }
}
