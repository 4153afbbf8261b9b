import { exitCodeOf } from '../scripts/run-tool.ts'
import { benchCluster } from './cluster.ts'
import { benchExec } from './exec.ts'
import { benchMcp } from './mcp.ts'
import { benchSnapshot } from './snapshot.ts'
import { benchStart } from './start.ts'

const BENCHES: Record<string, () => Promise<void>> = {
  cluster: benchCluster,
  exec: benchExec,
  mcp: benchMcp,
  snapshot: benchSnapshot,
  start: benchStart,
}

const [name = ''] = process.argv.slice(2)
const bench = BENCHES[name]
if (bench === undefined) {
  console.error(`Say which: npm run bench ${Object.keys(BENCHES).join(' | ')}`)
  process.exitCode = 2
} else {
  const built = await exitCodeOf('../scripts/build.ts', [])
  if (built === 0) await bench()
  else process.exitCode = built
}
