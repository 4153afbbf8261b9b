import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startBareServer } from './mcp/bare-server.ts'
import { floor } from './mcp/floor.ts'
import { startOurs } from './mcp/ours.ts'
import { startPeers } from './mcp/peers.ts'
import { measure } from './mcp/rounds.ts'
import type { Contender } from './mcp/contender.ts'
import type { Line } from './mcp/rounds.ts'

const ROUNDS = 5
const CROWD = 10_000
const KIB = 1024
const LARGE = new Uint8Array(10 * KIB * KIB)

/** Targets: the sidecar's and the hosted address's own, beside the floors of speed.md. */
const LINES: readonly Line[] = [
  {
    name: 'exec `true`',
    samples: 60,
    act: ({ exec }) => exec && (() => exec('true')),
    targets: { sidecar: { p50: 2.5 }, hosted: { p50: 5.5 } },
    floorThen: 1.68,
  },
  {
    name: 'exec `true`, 16 at once',
    samples: 200,
    atOnce: 16,
    act: ({ exec }) => exec && (() => exec('true')),
    targets: { sidecar: { rate: 600 }, hosted: { rate: 600 } },
    floorThen: 779,
  },
  {
    name: 'exec with 1 MiB of output',
    samples: 5,
    act: ({ exec }) => exec && (() => exec('head -c 1048576 /dev/zero | tr "\\0" x')),
  },
  {
    name: 'write 1 KiB',
    samples: 60,
    act: ({ write }) => write && (() => write('small.txt', 'x'.repeat(KIB))),
    targets: { sidecar: { p50: 1.2 } },
    floorThen: 0.44,
  },
  { name: 'read 1 KiB', samples: 60, act: ({ read }) => read && (() => read('small.txt')) },
  {
    name: 'upload 10 MiB',
    samples: 5,
    act: ({ upload }) => upload && (() => upload('large.bin', LARGE)),
    targets: { hosted: { p50: 90 } },
    floorThen: 18,
  },
  {
    name: 'download 10 MiB',
    samples: 5,
    act: ({ download }) => download && (() => download('large.bin')),
    targets: { hosted: { p50: 90 } },
    floorThen: 15,
  },
  {
    name: 'list a folder of 10,000 (ours: a page of 500)',
    samples: 10,
    act: ({ list }) => list,
    targets: { sidecar: { p50: 11 } },
  },
]

/** What an agent's calls cost: ours through the hosted address, peers over stdio, and the floor, in turns. */
export async function benchMcp(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'devex-bench-'))
  const crowd = join(folder, 'crowd')
  await mkdir(crowd)
  for (let n = 0; n < CROWD; n++) await writeFile(join(crowd, `file-${n}.txt`), '')
  await using stack = new AsyncDisposableStack()
  stack.defer(() => rm(folder, { recursive: true, force: true }))
  const contenders: Contender[] = [
    floor(folder, crowd),
    await startBareServer(folder),
    ...(await startOurs()),
    ...(await startPeers(folder, crowd)),
  ]
  for (const contender of contenders) stack.use(contender)
  for (const line of LINES) await measure(line, contenders, ROUNDS)
}
