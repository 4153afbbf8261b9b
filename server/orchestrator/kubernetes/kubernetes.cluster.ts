import { join } from 'node:path'
import { afterAll } from 'vitest'
import { describeOrchestrator } from '../orchestrator.contract.ts'
import { buildImage, makeInstallation, makeNamespace, testSettings } from './_cluster-stage.ts'

const image = { registry: 'devex.test/stand-in', tag: 'contract', pullPolicy: 'Never' as const }
for (const name of ['devex-sandbox', 'devex-template-node']) {
  await buildImage(`${image.registry}/${name}:${image.tag}`, join(import.meta.dirname, '_stand-in'))
}
const namespace = await makeNamespace()
const installation = await makeInstallation(testSettings(namespace.name, { image }))

afterAll(async () => {
  await installation[Symbol.asyncDispose]()
  await namespace[Symbol.asyncDispose]()
})

describeOrchestrator('kubernetes', () => Promise.resolve(installation.open()), { toolchains: 'image' })
