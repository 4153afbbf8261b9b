import { join } from 'node:path'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { installInto } from '../../scripts/agents/install.ts'
import { connectClient } from './client.ts'
import type { ToolCaller } from './client.ts'
import type { Contender } from './contender.ts'

interface Peer {
  package: string
  version: string
  main: string
  args?: (folder: string) => string[]
  tools: (
    call: ToolCaller['call'],
    folder: string,
    crowd: string,
  ) => Omit<Contender, 'name' | 'role' | typeof Symbol.asyncDispose>
}

const PEERS: readonly Peer[] = [
  {
    package: 'mcp-server-commands',
    version: '0.5.0',
    main: 'build/index.js',
    tools: (call) => ({ exec: (command) => call('run_command', { command }) }),
  },
  {
    package: '@modelcontextprotocol/server-filesystem',
    version: '2026.8.31',
    main: 'dist/index.js',
    args: (folder) => [folder],
    tools: (call, folder, crowd) => ({
      write: (name, content) => call('write_file', { path: join(folder, name), content }),
      read: (name) => call('read_text_file', { path: join(folder, name) }),
      list: () => call('list_directory', { path: crowd }),
    }),
  },
  {
    package: '@wonderwhy-er/desktop-commander',
    // The newest whose dependencies can all be had.
    version: '0.2.19',
    main: 'dist/index.js',
    tools: (call, folder, crowd) => ({
      exec: (command) => call('start_process', { command, timeout_ms: 10_000 }),
      write: (name, content) => call('write_file', { path: join(folder, name), content }),
      read: (name) => call('read_file', { path: join(folder, name) }),
      list: () => call('list_directory', { path: crowd, depth: 1 }),
    }),
  },
]

/** The peers that can be installed here, each over stdio; of the others it says so, loudly. */
export async function startPeers(folder: string, crowd: string): Promise<Contender[]> {
  const started: Contender[] = []
  for (const peer of PEERS) {
    try {
      started.push(await start(peer, folder, crowd))
    } catch (error) {
      console.error(`SKIPPED: ${peer.package}@${peer.version} does not run here: ${String(error)}`)
    }
  }
  return started
}

async function start(peer: Peer, folder: string, crowd: string): Promise<Contender> {
  const name = peer.package.replace('/', '_')
  const installed = installInto(`peers/${name}`, [`${peer.package}@${peer.version}`])
  const main = join(installed, 'node_modules', peer.package, peer.main)
  const caller = await connectClient(
    new StdioClientTransport({
      command: process.execPath,
      args: [main, ...(peer.args?.(folder) ?? [])],
      cwd: folder,
      env: { HOME: folder, PATH: process.env['PATH'] ?? '' },
      stderr: 'ignore',
    }),
  )
  return {
    name: `${peer.package} ${peer.version}, stdio`,
    role: 'peer',
    ...peer.tools((tool, args) => caller.call(tool, args), folder, crowd),
    [Symbol.asyncDispose]: () => caller[Symbol.asyncDispose](),
  }
}
