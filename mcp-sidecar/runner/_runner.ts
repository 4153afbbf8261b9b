import { dirname, join } from 'node:path'
import { GRPC_SOCKET_NAME } from '#protocol/adoption.ts'
import { startFixture } from '../../runner-image/_fixture.ts'
import type { Fixture } from '../../runner-image/_fixture.ts'
import { createRunnerApi } from './create-runner-api.ts'
import type { CommandEvent, OutputPiece, RunnerApi, StartCommand } from './runner-api.ts'

/** A real runner, opened, and the client that tools use. */
export interface TestRunner extends AsyncDisposable {
  fixture: Fixture
  api: RunnerApi
  /** Runs a command to its end. */
  run(command: string, options?: Partial<StartCommand>): Promise<Ran>
}

export interface Ran {
  id: string
  stdout: string
  stderr: string
  all: string
  code: number | undefined
  signal: string | undefined
}

export async function startTestRunner(): Promise<TestRunner> {
  const fixture = await startFixture()
  const api = createRunnerApi(join(dirname(fixture.socket), GRPC_SOCKET_NAME))
  return {
    fixture,
    api,
    run: async (command, options) =>
      ranOf(await collect(api.processes.start({ command, actor: 'Claude', ...options }))),
    [Symbol.asyncDispose]: async () => {
      api[Symbol.dispose]()
      await fixture[Symbol.asyncDispose]()
    },
  }
}

export async function collect<T>(source: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = []
  for await (const item of source) items.push(item)
  return items
}

export function ranOf(events: CommandEvent[]): Ran {
  const pieces = events.filter((event) => event.type === 'output')
  const of = (wanted?: OutputPiece['stream']) =>
    Buffer.concat(
      pieces.filter(({ stream }) => wanted === undefined || stream === wanted).map(({ data }) => data),
    ).toString()
  const last = events.at(-1)
  const ended = last?.type === 'ended' ? last.process : undefined
  return {
    id: ended?.processId ?? '',
    stdout: of('stdout'),
    stderr: of('stderr'),
    all: of(),
    code: ended?.exit?.code,
    signal: ended?.exit?.signal,
  }
}
