// Plain JavaScript behind `npm start`: install, build what is stale, serve.
import { findNode, install, nodeArgs, run } from './run.js'

const isDev = process.argv.includes('--dev')

try {
  install()
  const node = findNode()
  const built = await run(node, nodeArgs('scripts/build.ts', ...(isDev ? ['--dev'] : [])))
  process.exitCode = built === 0 ? await run(node, nodeArgs('server/main.ts', ...(isDev ? ['--dev'] : []))) : built
} catch (error) {
  console.error(error.message)
  process.exitCode = 1
}
