import { test } from '@playwright/test'
import { NODE, PYTHON, firstHour } from './_first-hour.ts'
import { readableTerminals, signInHere } from './_pages.ts'
import { startServer } from './_server.ts'

for (const journey of [NODE, PYTHON]) {
  test(`${journey.template}: from sign-in to a shared preview, and back after a stop`, async ({ page, browser }) => {
    await using server = await startServer()
    await readableTerminals(page)
    await signInHere(page, server)
    await firstHour(page, browser, journey)
  })
}
