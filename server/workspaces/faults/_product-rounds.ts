import { setTimeout as delay } from 'node:timers/promises'
import { must } from '#server/workspaces/faults/_lane.ts'
import type { Product } from '#server/workspaces/faults/_product.ts'

/** A kill strikes within so long after what it is to interrupt has begun. */
const STRIKE_WITHIN_MS = 150

interface ProductRound {
  name: string
  run: (product: Product) => Promise<void>
}

/** Faults of whole processes; each is checked through the product itself, as somebody who works in it sees it. */
export const PRODUCT_ROUNDS: ProductRound[] = [
  { name: 'kill -9 of the runner', run: killRunner },
  { name: 'kill -9 of the sidecar, then a stop', run: killSidecar },
  { name: 'kill -9 of the control plane during edits', run: killControlPlane },
  { name: 'kill -9 of the control plane during a stop', run: killDuringStop },
  { name: 'kill -9 of the control plane during a start', run: killDuringStart },
  { name: 'two stops at once', run: twoStops },
  { name: 'a stop during a save', run: stopDuringSave },
  { name: 'a start during a stop', run: startDuringStop },
  { name: 'the state store is emptied', run: emptyState },
]

/** The same where the state store is a server. */
export const REDIS_ROUNDS: ProductRound[] = [
  ...PRODUCT_ROUNDS,
  { name: 'kill -9 of the state store during edits', run: restartStateStore },
]

async function killRunner(product: Product): Promise<void> {
  const person = product.anybody()
  await person.workingDuring(async () => product.killPart(person.replId, 'runner'))
  await product.check(person)
}

async function killSidecar(product: Product): Promise<void> {
  const person = product.anybody()
  await person.workingDuring(async () => product.killPart(person.replId, 'sidecar'))
  await product.control.ask('stop', person.replId)
  await product.until(person.replId, 'stopped')
  await product.check(person)
}

async function killControlPlane(product: Product): Promise<void> {
  const person = product.anybody()
  await person.workingDuring(() => product.control.kill())
  await product.restart()
  await product.check(...product.people)
}

async function killDuringStop(product: Product): Promise<void> {
  const person = product.anybody()
  await person.workingDuring(async () => undefined)
  await product.control.ask('stop', person.replId)
  await delay(product.random.int(STRIKE_WITHIN_MS))
  await product.control.kill()
  await product.restart()
  await product.until(person.replId, 'stopped')
  await product.check(person)
}

async function killDuringStart(product: Product): Promise<void> {
  const person = product.anybody()
  await person.workingDuring(async () => undefined)
  await product.control.ask('stop', person.replId)
  await product.until(person.replId, 'stopped')
  await product.control.ask('start', person.replId)
  await delay(product.random.int(STRIKE_WITHIN_MS))
  await product.control.kill()
  await product.restart()
  await product.check(person)
}

async function twoStops(product: Product): Promise<void> {
  const person = product.anybody()
  await person.workingDuring(async () => undefined)
  await Promise.all([product.control.ask('stop', person.replId), product.control.ask('stop', person.replId)])
  await product.until(person.replId, 'stopped')
  must(product.sandboxesOf(person.replId).length === 0, 'a stopped repl has a sandbox')
  await product.check(person)
}

async function stopDuringSave(product: Product): Promise<void> {
  const person = product.anybody()
  await person.workingDuring(async () => undefined)
  // The save may be refused once the stop has begun; what counts is what is there afterwards.
  const saving = product.control.ask('save', person.replId).catch(() => undefined)
  await product.control.ask('stop', person.replId)
  await saving
  await product.until(person.replId, 'stopped')
  await product.check(person)
}

async function startDuringStop(product: Product): Promise<void> {
  const person = product.anybody()
  await person.workingDuring(async () => undefined)
  await product.control.ask('stop', person.replId)
  await product.control.ask('start', person.replId)
  await product.until(person.replId, 'running')
  await product.check(person)
}

async function restartStateStore(product: Product): Promise<void> {
  const person = product.anybody()
  await person.workingDuring(async () => product.redis?.restart())
  await product.check(...product.people)
}

/** What was not running is backed up: the object store alone is enough to have it all again. */
async function emptyState(product: Product): Promise<void> {
  for (const { replId } of product.people) {
    await product.control.ask('stop', replId)
    await product.until(replId, 'stopped')
  }
  const owner = product.control.userId
  await product.control.kill()
  await product.emptyState()
  // Somebody signs in first, so that there is a user to give it back to.
  await product.restart()
  must(product.control.userId !== owner, 'the state store was not emptied')
  const said = product.recover(owner)
  must(said.includes(`${product.people.length} REPLs are`), `not all was recovered:\n${said}`)
  await product.control.kill()
  await product.restart()
  must(product.control.userId === owner, 'the owner is somebody else after the recovery')
  await product.check(...product.people)
}
