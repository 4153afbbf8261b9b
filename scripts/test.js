// Plain JavaScript behind `npm test`: install, then everything else on the project's own Node.
import { findNode, install, nodeArgs, run } from './run.js'

try {
  install()
  process.exitCode = await run(findNode(), nodeArgs('scripts/test.ts', ...process.argv.slice(2)))
} catch (error) {
  console.error(error.message)
  process.exitCode = 1
}
