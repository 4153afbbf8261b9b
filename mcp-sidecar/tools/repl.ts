import * as definitions from '#protocol/tools/repl.ts'
import { SidecarError } from '../sidecar-error.ts'
import { describeSandbox } from './describe-sandbox.ts'
import type { Checkpoint } from './repl-control.ts'
import { recordTool } from './tool.ts'

export const previewUrl = recordTool(
  definitions.previewUrl,
  async ({ port, path, access }, { control, runner, caller }) => {
    const [link, ports] = await Promise.all([
      control.previewLink({ port, path, access, user: caller.sub }),
      runner.ports.list(),
    ])
    return { ...link, listening: ports.some((each) => each.port === port) }
  },
)

export const replInfo = recordTool(definitions.replInfo, async (_args, { control, runner, caller, signal }) => {
  const [url, ports, described] = await Promise.all([
    control.address(),
    runner.ports.list(),
    describeSandbox(runner, caller.client, signal),
  ])
  return {
    repl_id: caller.repl,
    name: control.name,
    url,
    ...described,
    ports: ports.map(({ port }) => port),
  }
})

export const checkpoint = recordTool(definitions.checkpoint, async ({ action, name, id }, { control, caller }) => {
  const actor = `${caller.client} for ${caller.actor}`.slice(0, 200)
  if (action === 'create') {
    const made = await control.checkpoint({ reason: 'checkpoint', actor, ...(name !== undefined && { name }) })
    return { checkpoints: [shown(made)] }
  }
  if (action === 'list') return { checkpoints: (await control.checkpoints()).map((each) => shown(each)) }
  if (id === undefined)
    throw new SidecarError('bad_request', 'It is not said which checkpoint to restore.', {
      advice: 'Call it with action list, then with action restore and the id.',
    })
  const undo = await control.restore({ id, actor })
  return { checkpoints: [], restored: id, undo_id: undo }
})

export const stopRepl = recordTool(definitions.stopRepl, async (_args, { control, caller }) => {
  await control.stop(caller.sub)
  return { stopping: true }
})

function shown({ savedAt, ...rest }: Checkpoint) {
  return { ...rest, saved_at: new Date(savedAt).toISOString() }
}
