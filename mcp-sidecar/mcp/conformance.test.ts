import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { serveEndpoint } from './_conformance/serve.ts'
import type { ServedEndpoint } from './_conformance/serve.ts'
import { SUITES, SUITE_MS, runSuite } from './_conformance/suite.ts'

describe('the endpoint, asked by the conformance suites', () => {
  let served: ServedEndpoint

  beforeAll(async () => {
    served = await serveEndpoint([], { isConformance: true })
    served.presents(await served.token())
  })
  afterAll(() => served[Symbol.asyncDispose]())

  it.each(SUITES)(
    'passes $what',
    async (suite) => {
      const { passed, failures } = await runSuite(suite, served.url)
      expect(failures).toEqual([])
      expect(passed).toBeGreaterThanOrEqual(suite.least)
    },
    SUITE_MS,
  )
})
