/** The processes of a sandbox's parts: whether they run, and how they end. */
import type { SandboxPart } from '../orchestrator.ts'
import { cgroupPids } from './cgroups.ts'
import type { Cgroups } from './cgroups.ts'
import { childrenOf, findProcesses, findTree, identify, isAlive, terminate } from './processes.ts'
import type { ProcessId } from './processes.ts'
import type { PartRecord, SandboxRecord } from './record.ts'

export const PARTS: SandboxPart[] = ['runner', 'sidecar']

/** In bubblewrap both halves must live: the outer one ends with the part, the inner one holds what it started. */
export function isRunning(part: PartRecord): boolean {
  return isAlive(part.main) && (part.init === undefined || isAlive(part.init))
}

/** Ends what is left of one part and leaves the other alone. */
export async function endPart(part: SandboxPart, record: SandboxRecord, cgroups: Cgroups | undefined): Promise<void> {
  const other = record.parts[part === 'runner' ? 'sidecar' : 'runner']
  await terminate([], async () => {
    const all = await findAll(record, processesOf(record.parts[part]), cgroups)
    // Looked for last: what the other part starts between the two looks must not be taken for this one's.
    const kept = new Set((await findTree(processesOf(other))).map((id) => id.pid))
    return all.filter((id) => !kept.has(id.pid))
  })
}

/** Ends everything, asking the parts themselves first. Returns what could not be ended. */
export async function endAll(record: SandboxRecord, cgroups: Cgroups | undefined): Promise<ProcessId[]> {
  const roots = PARTS.flatMap((part) => processesOf(record.parts[part]))
  const polite = await Promise.all(PARTS.map((part) => innermost(record.parts[part])))
  return await terminate(polite.flat(), () => findAll(record, roots, cgroups))
}

/** The part itself: inside bubblewrap it is a child of process 1, which would not pass a signal on. */
async function innermost(part: PartRecord | undefined): Promise<ProcessId[]> {
  if (part === undefined) return []
  return part.init === undefined ? [part.main] : await childrenOf(part.init)
}

async function findAll(record: SandboxRecord, roots: ProcessId[], cgroups: Cgroups | undefined): Promise<ProcessId[]> {
  const grouped = cgroups === undefined ? [] : await cgroupPids(cgroups, record.id)
  return await findProcesses(record.id, [...roots, ...grouped.flatMap((pid) => identify(pid) ?? [])])
}

function processesOf(part: PartRecord | undefined): ProcessId[] {
  return part === undefined ? [] : [part.main, ...(part.init === undefined ? [] : [part.init])]
}
