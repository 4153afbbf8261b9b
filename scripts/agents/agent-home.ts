import { spawn } from 'node:child_process'
import type { ChildProcess, ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { AGENTS_BIN } from './install.ts'

/** How long a command line may take, unless a test says otherwise. */
const RUN_LIMIT_MS = 120_000
/** Between asking a command line to end and making it. */
const END_GRACE_MS = 3000

/** What came of a command line. */
export interface Outcome {
  code: number | null
  output: string
}

interface ShellOptions {
  signal?: AbortSignal
  limitMs?: number
  heard?: (output: string) => void
}

/** A home folder of its own for an agent, with everything pointed at the scripted model. */
export interface AgentHome extends AsyncDisposable {
  folder: string
  /** Runs a line of shell, as a person would. Ends it when `signal` says so. */
  sh(line: string, options?: ShellOptions): Promise<Outcome>
  /** Starts one that is talked with: its standard input and output are pipes. */
  open(line: string): ChildProcessByStdio<Writable, Readable, null>
  /** The same in a terminal, telling all output so far to `heard` whenever there is more. */
  inTerminal(line: string, heard: (output: string) => void): Promise<Outcome>
}

/** Makes it; `modelUrl` is that of `startFakeModel`, `more` further environment variables. */
export async function makeAgentHome(modelUrl: string, more: Record<string, string> = {}): Promise<AgentHome> {
  const folder = await mkdtemp(join(tmpdir(), 'devex-agent-'))
  const cwd = join(folder, 'project')
  await mkdir(cwd)
  await writeSettings(folder, modelUrl)
  const env = { ...environment(folder, modelUrl), ...more }
  return {
    folder,
    sh: (line, options = {}) => run(['bash', '-c', line], { cwd, env, ...options }),
    open: (line) =>
      spawn('bash', ['-c', `exec ${line}`], {
        cwd,
        env: { NODE_ENV: 'production', ...env },
        stdio: ['pipe', 'pipe', 'ignore'],
      }),
    inTerminal: (line, heard) => run(['script', '-qefc', line, '/dev/null'], { cwd, env, heard }),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true, maxRetries: 5 }),
  }
}

interface RunOptions extends ShellOptions {
  cwd: string
  env: Record<string, string>
}

async function run([file = '', ...args]: string[], options: RunOptions): Promise<Outcome> {
  const { cwd, env, signal, limitMs = RUN_LIMIT_MS, heard } = options
  const child: ChildProcess = spawn(file, args, {
    cwd,
    env: { NODE_ENV: 'production', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (data) => {
      output += String(data)
      heard?.(output)
    })
  }
  const end = (): void => {
    endGroup(child.pid, 'SIGINT')
    setTimeout(() => endGroup(child.pid, 'SIGKILL'), END_GRACE_MS).unref()
  }
  const limit = setTimeout(end, limitMs)
  signal?.addEventListener('abort', end, { once: true })
  await once(child, 'close')
  clearTimeout(limit)
  return { code: child.exitCode, output }
}

function endGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, signal)
  } catch {
    // It has ended.
  }
}

function environment(folder: string, modelUrl: string): Record<string, string> {
  return {
    PATH: `${AGENTS_BIN}:${process.env['PATH'] ?? ''}`,
    HOME: folder,
    TERM: 'xterm-256color',
    NO_COLOR: '1',
    ANTHROPIC_BASE_URL: modelUrl,
    ANTHROPIC_API_KEY: 'sk-ant-fake',
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    DISABLE_TELEMETRY: '1',
    DISABLE_AUTOUPDATER: '1',
    OPENCODE_DISABLE_MODELS_FETCH: '1',
    OPENCODE_DISABLE_LSP_DOWNLOAD: '1',
    OPENCODE_DISABLE_DEFAULT_PLUGINS: '1',
    FAKE_KEY: 'fake',
    GEMINI_API_KEY: 'fake',
    GOOGLE_GEMINI_BASE_URL: modelUrl,
    GEMINI_CLI_TRUST_WORKSPACE: 'true',
  }
}

async function writeSettings(folder: string, modelUrl: string): Promise<void> {
  const files: Record<string, string> = {
    '.codex/config.toml': `model = "fake-model"
model_provider = "fake"
mcp_oauth_credentials_store = "file"
[model_providers.fake]
name = "fake"
base_url = "${modelUrl}/v1"
wire_api = "responses"
env_key = "FAKE_KEY"
`,
    '.config/opencode/opencode.json': JSON.stringify({
      autoupdate: false,
      share: 'disabled',
      model: 'fake/fake-model',
      small_model: 'fake/fake-model',
      permission: 'allow',
      provider: {
        fake: {
          npm: '@ai-sdk/openai-compatible',
          name: 'fake',
          options: { baseURL: `${modelUrl}/v1`, apiKey: 'fake' },
          models: { 'fake-model': { name: 'fake', tool_call: true } },
        },
      },
    }),
    '.gemini/settings.json': JSON.stringify({
      security: { auth: { selectedType: 'gemini-api-key' } },
      privacy: { usageStatisticsEnabled: false },
    }),
  }
  for (const [path, text] of Object.entries(files)) {
    await mkdir(join(folder, path, '..'), { recursive: true })
    await writeFile(join(folder, path), text)
  }
}
