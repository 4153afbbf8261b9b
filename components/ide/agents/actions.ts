import type { Workbench } from '../stores/workbench.ts'

/** Interrupts a command of an agent, as Ctrl-C would, and all that it started. Its terminal stays, to be read. */
export function stopCommand(bench: Workbench, terminal: string): void {
  void bench.attempt(async () => {
    const { processes } = await bench.connection.request('processes.list', {})
    const own = processes.filter((process) => process.terminal === terminal)
    await Promise.all(own.map(({ pid }) => bench.connection.request('processes.signal', { pid, signal: 'SIGINT' })))
  })
}

/** Ends what an agent was allowed, and says so. */
export async function cutOff(bench: Workbench, id: string, client: string): Promise<void> {
  await told(bench, async () => {
    await bench.agents.cut(id)
    bench.notify({ title: `${client} is cut off. It has to be let in again.`, tone: 'ok' })
  })
}

/** Brings back the files as they were before a run; offers to undo that. */
export async function undoRun(bench: Workbench, run: string): Promise<void> {
  await told(bench, async () => {
    await bench.documents.saveAll()
    const { undo } = await bench.agents.undoRun(run)
    bench.notify({
      title: 'The files are as they were before the run.',
      tone: 'ok',
      action: { label: 'Undo', onAct: () => void putBack(bench, undo) },
    })
  })
}

async function putBack(bench: Workbench, id: string): Promise<void> {
  await told(bench, async () => {
    await bench.history.restore(id)
    bench.notify({ title: 'The run’s changes are back.', tone: 'ok' })
  })
}

/** Does what a person asked for, and tells them if it fails. */
async function told(bench: Workbench, work: () => Promise<unknown>): Promise<void> {
  try {
    await work()
  } catch (error) {
    const { message, advice } = bench.agents.errorOf(error)
    bench.notify({ title: message, tone: 'failed', ...(advice !== undefined && { description: advice }) })
  }
}
