import { expect, test } from '@playwright/test'
import { createInDialog, readableTerminals, runInTerminal, signInHere } from './_pages.ts'
import { startServer } from './_server.ts'

/** For so long the page is left alone, to see which of its timers go on. */
const STILL_MS = 4_000
const FASTEST_MS = 1_000

test('U6: nothing is said on the console, no quick timer runs on, and pages are not cached for good', async ({
  page,
}) => {
  await using server = await startServer()
  const said: string[] = []
  page.on('console', (message) => void said.push(`${message.type()}: ${message.text()}`))
  page.on('pageerror', (error) => void said.push(`error: ${error.message}`))
  // Every timer of the page, by where it was set, with the moments at which it fired.
  await page.addInitScript(() => {
    const fired: { from: string; at: number }[] = []
    const note = (from: string, handler: TimerHandler, args: unknown[]) => () => {
      fired.push({ from, at: performance.now() })
      if (typeof handler === 'function') Reflect.apply(handler, window, args)
    }
    const place = () => (new Error('set here').stack ?? '').split('\n').slice(3, 6).join(' ')
    const once = window.setTimeout.bind(window)
    const often = window.setInterval.bind(window)
    const timeout = (handler: TimerHandler, ms?: number, ...args: unknown[]) => once(note(place(), handler, args), ms)
    const interval = (handler: TimerHandler, ms?: number, ...args: unknown[]) => often(note(place(), handler, args), ms)
    Object.assign(window, { setTimeout: timeout, setInterval: interval, firedTimers: fired })
  })
  await readableTerminals(page)
  await signInHere(page, server)
  await createInDialog(page, 'Node.js')
  await expect(await runInTerminal(page, 'echo spoken-$((6 * 7))')).toContainText('spoken-42')
  // Where nothing has the focus, no cursor blinks.
  await page.evaluate(() => document.activeElement instanceof HTMLElement && document.activeElement.blur())
  await page.waitForTimeout(STILL_MS)
  const often = await page.evaluate(
    ({ stillMs, fastestMs }) => {
      const fired: { from: string; at: number }[] = Reflect.get(window, 'firedTimers')
      const since = performance.now() - stillMs / 2
      const counts = new Map<string, number>()
      for (const { from, at } of fired) if (at > since) counts.set(from, (counts.get(from) ?? 0) + 1)
      return [...counts].filter(([, count]) => count > stillMs / 2 / fastestMs)
    },
    { stillMs: STILL_MS, fastestMs: FASTEST_MS },
  )
  expect(often).toEqual([])
  expect(said).toEqual([])

  const { headers } = await fetch(`${server.url}/docs`)
  expect(headers.get('cache-control') ?? '').not.toMatch(/immutable|s-maxage=31536000|max-age=[1-9]/)
  expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
})
