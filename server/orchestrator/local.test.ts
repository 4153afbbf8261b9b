import { afterAll } from 'vitest'
import { openLocalOrchestrator } from './local.ts'
import { describeOrchestrator } from './orchestrator.contract.ts'
import { makeTestFolder } from './_stand-in.ts'

const none = await makeTestFolder('none')
const auto = await makeTestFolder('auto')
const trial = await openLocalOrchestrator(auto.options)
const isBubblewrapHere = trial.isolation().level === 'bubblewrap'
await trial[Symbol.asyncDispose]()

afterAll(async () => {
  await none[Symbol.asyncDispose]()
  await auto[Symbol.asyncDispose]()
})

describeOrchestrator('local, without isolation', () => openLocalOrchestrator(none.options))

if (isBubblewrapHere) {
  describeOrchestrator('local, in bubblewrap', () => openLocalOrchestrator(auto.options))
}
