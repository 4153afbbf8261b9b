import { stripVTControlCharacters } from 'node:util'
import { z } from 'zod'

/** The report of `vitest --reporter=json`, as far as it tells failures. */
const vitestReport = z.object({
  testResults: z.array(
    z.object({
      name: z.string(),
      status: z.string(),
      message: z.string(),
      assertionResults: z.array(
        z.object({ fullName: z.string(), status: z.string(), failureMessages: z.array(z.string()).optional() }),
      ),
    }),
  ),
})

const playwrightSpec = z.object({
  title: z.string(),
  file: z.string(),
  line: z.int(),
  tests: z.array(
    z.object({
      status: z.string(),
      results: z.array(z.object({ error: z.object({ message: z.string().optional() }).optional() })),
    }),
  ),
})

const playwrightSuite = z.object({
  specs: z.array(playwrightSpec).default([]),
  get suites() {
    return z.array(playwrightSuite).default([])
  },
})

type PlaywrightSuite = z.infer<typeof playwrightSuite>

/** The report of `playwright test --reporter=json`; `errors` are those outside any test. */
const playwrightReport = z.object({
  suites: z.array(playwrightSuite),
  errors: z.array(z.object({ message: z.string().optional() })),
})

/** A line for each test, and each file that did not load, that failed in a report of Vitest. */
export function failedInVitest(report: unknown): string[] {
  return vitestReport.parse(report).testResults.flatMap(({ name, status, message, assertionResults }) => {
    const failed = assertionResults.filter((test) => test.status === 'failed')
    if (failed.length === 0 && status === 'failed') return [line(name, message)]
    return failed.map((test) => line(`${name} › ${test.fullName}`, test.failureMessages?.[0]))
  })
}

/** A line for each test that failed or was flaky, and each error outside any test, in a report of Playwright. */
export function failedInPlaywright(report: unknown): string[] {
  const { suites, errors } = playwrightReport.parse(report)
  return [
    ...suites.flatMap(specsOf).flatMap(({ file, line: at, title, tests }) =>
      tests
        .filter(({ status }) => status === 'unexpected' || status === 'flaky')
        .map(({ results }) => {
          const error = results.find((result) => result.error !== undefined)?.error
          return line(`${file}:${at} › ${title}`, error?.message)
        }),
    ),
    ...errors.map(({ message }) => line('outside any test', message)),
  ]
}

function specsOf({ specs, suites }: PlaywrightSuite): z.infer<typeof playwrightSpec>[] {
  return [...specs, ...suites.flatMap(specsOf)]
}

/** What failed and how, in one line: where only the end of a log is kept, this is what one needs of the rest. */
function line(name: string, message = ''): string {
  const lines = stripVTControlCharacters(message)
    .split('\n')
    .map((text) => text.trim())
  return `${name}: ${lines.find((text) => text !== '') ?? 'no message'}`
}
