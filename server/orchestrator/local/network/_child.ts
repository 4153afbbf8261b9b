/** A control plane for tests: says that it is ready; when told to go on, makes a sandbox, removes it, says so, and ends. */
import { once } from 'node:events'
import { argv } from 'node:process'
import { z } from 'zod'
import { newSandboxId } from '#protocol/ids.ts'
import { createLog } from '#server/log.ts'
import { openLocalOrchestrator } from '../../local.ts'
import { CONTRACT_LIMITS } from '../../_stand-in-client.ts'

const optionsSchema = z.object({
  dataDir: z.string(),
  sandboxBundle: z.string(),
  nodeBinary: z.string(),
  controlSocket: z.string(),
  publicKey: z.string(),
  isolation: z.enum(['auto', 'none']),
})

const options = optionsSchema.parse(JSON.parse(argv[2] ?? ''))
await using orchestrator = await openLocalOrchestrator({
  ...options,
  log: createLog({ level: 'error', format: 'text' }),
})
process.stdout.write(`ready ${orchestrator.isolation().network}\n`)
await once(process.stdin, 'data')
const id = newSandboxId()
await orchestrator.create(id, { template: 'node', limits: CONTRACT_LIMITS })
await orchestrator.remove(id)
process.stdout.write('done\n')
await once(process.stdin, 'data')
process.stdin.destroy()
