import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { accepted, must } from '#server/workspaces/faults/_lane.ts'
import type { Lane } from '#server/workspaces/faults/_lane.ts'
import { FAULT_KINDS } from '#server/workspaces/faults/_store-faults.ts'
import type { FaultKind, FaultPlace } from '#server/workspaces/faults/_store-faults.ts'

/** One fault, and what must hold after it. Throws what does not. */
interface LaneRound {
  name: string
  run: (lane: Lane) => Promise<void>
}

/** The faults that a lane can suffer; a store fault comes in each kind and place. */
export const LANE_ROUNDS: LaneRound[] = [
  ...FAULT_KINDS.flatMap((kind) => [
    { name: `store: ${kind} while packs are written`, run: savingUnder(kind, 'object-write') },
    { name: `store: ${kind} while the head is written`, run: savingUnder(kind, 'head-write') },
    { name: `store: ${kind} while a stop saves`, run: stoppingUnder(kind) },
    ...(kind === 'lost-answer' ? [] : [{ name: `store: ${kind} while a start restores`, run: restoringUnder(kind) }]),
  ]),
  { name: 'kill -9 of the sidecar while packs are written', run: killingSidecar('object-write') },
  { name: 'kill -9 of the sidecar while the head is written', run: killingSidecar('head-write') },
  { name: 'the answer to a commit is lost', run: losingCommitAnswer },
  { name: 'two stops at once', run: twoStops },
  { name: 'a stop during a save', run: stopDuringSave },
  { name: 'a stale sandbox wakes and commits', run: staleSandbox },
  { name: 'the volume is lost', run: losingVolume },
]

function savingUnder(kind: FaultKind, place: FaultPlace) {
  return async (lane: Lane) => {
    const armed = lane.faults.arm({ kind, place, times: 1 + lane.random.int(2) })
    lane.edit()
    const isSaved = await lane.typingDuring(lane.save())
    await lane.check()
    armed.disarm()
    must(armed.fired() > 0, 'the fault never struck')
    if (!isSaved) must(await lane.save(), 'the store is well again, and yet a save is refused')
    await lane.check()
  }
}

function stoppingUnder(kind: FaultKind) {
  return async (lane: Lane) => {
    const place = lane.random.pick<FaultPlace>(['object-write', 'head-write'])
    const armed = lane.faults.arm({ kind, place, times: 1 + lane.random.int(2) })
    lane.edit()
    const isStopped = await lane.stop()
    armed.disarm()
    must(armed.fired() > 0, 'the fault never struck')
    // D1: a stop that was refused has deleted nothing, and can be asked for again.
    await lane.check()
    if (!isStopped) must(await lane.stop(), 'the store is well again, and yet a stop is refused')
    must(await lane.moveOn(), 'a start without faults was refused')
    await lane.check()
  }
}

function restoringUnder(kind: FaultKind) {
  return async (lane: Lane) => {
    lane.edit()
    must(await lane.stop(), 'a stop without faults was refused')
    const armed = lane.faults.arm({ kind, place: 'read', times: 1 + lane.random.int(3) })
    const isStarted = await lane.moveOn()
    armed.disarm()
    must(armed.fired() > 0, 'the fault never struck')
    if (!isStarted) must(await lane.moveOn(), 'the store is well again, and yet a start is refused')
    await lane.check()
  }
}

function killingSidecar(place: FaultPlace) {
  return async (lane: Lane) => {
    const begun = lane.faults.nextWrite(place)
    lane.edit()
    const saving = lane.save()
    await Promise.race([begun, saving])
    await lane.sandbox.killSidecar()
    await saving
    await lane.check()
    await lane.sandbox.startSidecar()
    must(await accepted(lane.controlPlane.adopt(lane.sandbox)), 'a sidecar that was restarted cannot be adopted again')
    await lane.check()
    must(await lane.save(), 'a sidecar that was restarted cannot save')
    await lane.check()
  }
}

async function losingCommitAnswer(lane: Lane): Promise<void> {
  lane.controlPlane.losesCommitAnswers = true
  lane.edit()
  must(await lane.save(), 'a save whose commit was done is refused')
  must(!lane.controlPlane.losesCommitAnswers, 'the fault never struck')
  await lane.check()
}

async function twoStops(lane: Lane): Promise<void> {
  lane.edit()
  const both = await Promise.all([lane.stop(), lane.stop()])
  must(both.every(Boolean), 'one of two stops was refused')
  must(lane.sandbox.calls('/quiesce') === 1, 'two stops at once are not one')
  must(await lane.moveOn(), 'a start without faults was refused')
  await lane.check()
}

async function stopDuringSave(lane: Lane): Promise<void> {
  const begun = lane.faults.nextWrite('object-write')
  lane.edit()
  const saving = lane.save()
  await Promise.race([begun, saving])
  lane.edit()
  must(await lane.stop(), 'a stop during a save was refused')
  await saving
  must(await lane.moveOn(), 'a start without faults was refused')
  await lane.check()
}

async function staleSandbox(lane: Lane): Promise<void> {
  lane.edit()
  must(await lane.save(), 'a save without faults was refused')
  await using stale = lane.sandbox
  must(await lane.startNext(), 'a start without faults was refused')
  await lane.check()
  lane.edit()
  must(await lane.save(), 'a save without faults was refused')
  // What is written there now belongs to nobody: it must not show up anywhere.
  writeFileSync(join(stale.workspace, lane.ledger.files()[0] ?? ''), 'written by a ghost')
  must(!(await accepted(lane.controlPlane.save(stale))), 'a stale sandbox has saved')
  must(!(await accepted(lane.controlPlane.stop(stale))), 'a stale sandbox has saved at its end')
  await lane.check()
  must(await lane.save(), 'a stale sandbox keeps the newest from saving')
}

async function losingVolume(lane: Lane): Promise<void> {
  lane.edit()
  must(await lane.save(), 'a save without faults was refused')
  lane.edit()
  must(await lane.moveOn(), 'a start without faults was refused')
  const found = lane.onDisk()
  const faults = lane.ledger.faultsOf(found, 'backedUp')
  must(faults.length === 0, faults.join('\n'))
  lane.ledger.settle(found)
  await lane.check()
}
