import { expect, test } from '@playwright/test'
import type { CDPSession } from '@playwright/test'
import { connectAgent, createToken } from './_agent.ts'
import { openRoom } from './_room.ts'
import { openRepl, treeItem } from './_workbench.ts'
import type { Room } from './_room.ts'

/** A path that is gone may leave some 0.5 KB behind: 5 MiB here, and room for what a collection has left. */
const MAX_GROWTH_BYTES = 20 * 2 ** 20
const ROUNDS = 4
const FILES = 2500
const RENAMINGS = 100
const CALLS = 400

let room: Room
test.beforeAll(async () => {
  room = await openRoom('empty')
})
test.afterAll(() => room[Symbol.asyncDispose]())

async function heapBytes(session: CDPSession): Promise<number> {
  await session.send('HeapProfiler.collectGarbage')
  const { metrics } = await session.send('Performance.getMetrics')
  return metrics.find(({ name }) => name === 'JSHeapUsedSize')?.value ?? 0
}

/** Calls of functions in the page since this was asked last: what it has to do, however fast the machine is. */
async function functionCalls(session: CDPSession): Promise<number> {
  const { result } = await session.send('Profiler.takePreciseCoverage')
  const functions = result.flatMap((script) => script.functions)
  return functions.reduce((sum, { ranges }) => sum + (ranges[0]?.count ?? 0), 0)
}

test('files whose names are others after each build leave little in the page', async ({ page }) => {
  const shell = await room.disk.openTerminal()
  const build = async (round: number) => {
    const files = `seq -f 'round-${round}-%g' ${FILES} | xargs touch`
    await shell.type(
      `mkdir -p dist; cd dist; rm -f round-*; ${files}; cd ..; echo bui''lt ${round}\n`,
      `built ${round}`,
    )
    await expect(treeItem(page, `round-${round}-1`)).toBeVisible()
  }
  await openRepl(page, room.client, room.replId)
  await shell.type("mkdir dist; echo ma''de\n", 'made')
  await treeItem(page, 'dist').click()
  await build(0)
  const session = await page.context().newCDPSession(page)
  await session.send('Performance.enable')
  const before = await heapBytes(session)
  for (let round = 1; round <= ROUNDS; round++) await build(round)
  expect((await heapBytes(session)) - before).toBeLessThan(MAX_GROWTH_BYTES)
})

test('what terminals do costs the page no more where hundreds of calls are listed', async ({ page }) => {
  await openRepl(page, room.client, room.replId)
  await page.getByRole('button', { name: 'Agents' }).first().click()
  await using agent = await connectAgent(room.server.url, room.replId, await createToken(room.client, room.replId))
  const session = await page.context().newCDPSession(page)
  await session.send('Profiler.enable')
  await session.send('Profiler.startPreciseCoverage', { callCount: true, detailed: false })
  const rows = page.getByRole('complementary', { name: 'Side panel' }).locator('ol > li')
  const tabs = page.getByRole('tablist', { name: 'Terminals' }).getByRole('tab')
  const shell = await room.disk.openTerminal()
  const callsFor = async (last: string) => {
    await functionCalls(session)
    for (let index = 0; index < RENAMINGS; index++)
      await room.disk.request('terminal.rename', { terminal: shell.id, name: `name ${index}` })
    await room.disk.request('terminal.rename', { terminal: shell.id, name: last })
    await expect(tabs.filter({ hasText: last })).toBeVisible()
    return functionCalls(session)
  }
  const listed = async (calls: number) => {
    for (let call = 0; call < calls; call++) await agent.call('list_dir', { path: '' })
    await expect(rows).toHaveCount(calls)
  }
  await callsFor('first')
  const alone = await callsFor('second')
  await listed(CALLS)
  expect(await callsFor('third')).toBeLessThan(2 * alone)
})
