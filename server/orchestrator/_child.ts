/** A control plane of its own for tests: makes the sandbox that it is told to, says how far it is, and waits to be killed. */
import { argv } from 'node:process'
import { z } from 'zod'
import { createLog } from '#server/log.ts'
import { openLocalOrchestrator } from './local.ts'
import { CONTRACT_LIMITS, shell } from './_stand-in-client.ts'

const optionsSchema = z.object({
  dataDir: z.string(),
  sandboxBundle: z.string(),
  nodeBinary: z.string(),
  controlSocket: z.string(),
  publicKey: z.string(),
  isolation: z.enum(['auto', 'none']),
})

const [, , json = '', sandboxId = ''] = argv
const options = optionsSchema.parse(JSON.parse(json))
const orchestrator = await openLocalOrchestrator({ ...options, log: createLog({ level: 'error', format: 'text' }) })
const creating = orchestrator.create(sandboxId, { template: 'node', limits: CONTRACT_LIMITS })
const controller = new AbortController()
for await (const observation of orchestrator.observe(controller.signal)) if (observation.kind === 'sandbox') break
process.stdout.write('creating\n')
await creating
await shell(orchestrator, sandboxId, 'echo from before > "$WORKSPACE_DIR/note"')
process.stdout.write('created\n')
setInterval(() => {}, 60_000)
