import type { ChildProcess } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import { DRAIN_QUIET_MS } from './limits.ts'
import { FROM_HELPER, HelperFrames, TO_HELPER, encodeHelperHeader } from './helper-frames.ts'
import type { HelperFrame } from './helper-frames.ts'
import { isProcessEnvironment, parseConfigure, parseStart } from './helper-messages.ts'
import type { StartMessage } from './helper-messages.ts'
import { Pipes } from './pipes.ts'
import type { Piped } from './pipes.ts'
import { WaitingShells } from './waiting-shells.ts'

/** Starts commands as `input` says and tells on `output` what they print and how they end. */
export function startExecHelper(input: Readable, output: Writable): void {
  const pipes = new Pipes()
  const shells = new WaitingShells(pipes)
  const running = new Map<number, ChildProcess>()
  /** What comes up in one turn of the event loop leaves in one write, and nothing is copied. */
  const send = (kind: number, command: number, payload: Uint8Array) => {
    if (output.writableCorked === 0) {
      output.cork()
      setImmediate(() => output.uncork())
    }
    output.write(encodeHelperHeader(kind, command, payload.length))
    return output.write(payload)
  }
  const tell = (kind: number, command: number, message: unknown) =>
    send(kind, command, Buffer.from(JSON.stringify(message)))

  const forward = (command: number, kind: number, stream: Readable | null) => {
    stream?.on('error', () => stream.destroy())
    stream?.on('data', (bytes: Buffer) => {
      if (send(kind, command, bytes) || stream.isPaused()) return
      stream.pause()
      output.once('drain', () => stream.resume())
    })
  }
  const fail = (command: number, error: unknown) =>
    tell(FROM_HELPER.failed, command, {
      errno: error instanceof Error ? errnoOf(error) : undefined,
      message: error instanceof Error ? error.message : String(error),
    })
  const start = async (command: number, message: StartMessage) => {
    const piped = await launch(pipes, shells, message)
    const { child, stdout, stderr } = piped
    if (child.pid === undefined) return
    running.set(command, child)
    child.stdin?.on('error', () => {})
    tell(FROM_HELPER.started, command, { pid: child.pid })
    forward(command, FROM_HELPER.stdout, stdout)
    forward(command, FROM_HELPER.stderr, stderr)
    whenEnded(piped, (exit) => {
      running.delete(command)
      tell(FROM_HELPER.exited, command, exit)
      shells.fill()
    })
  }
  const take = ({ kind, command, payload }: HelperFrame) => {
    switch (kind) {
      case TO_HELPER.configure:
        return shells.configure(parseConfigure(payload))
      case TO_HELPER.start:
        return void start(command, parseStart(payload)).catch((error: unknown) => fail(command, error))
      case TO_HELPER.input:
        return void running.get(command)?.stdin?.write(payload)
      case TO_HELPER.endInput:
        return void running.get(command)?.stdin?.end()
      default:
    }
  }
  const frames = new HelperFrames((frame) => {
    try {
      take(frame)
    } catch (error) {
      fail(frame.command, error)
    }
  })
  input.on('data', (bytes: Buffer) => frames.take(bytes))
  input.on('end', () => {
    // What runs goes on without us: it is the runner that ends commands.
    shells.end()
    output.end(() => process.exit(0))
  })
  output.on('error', () => process.exit(0))
}

async function launch(pipes: Pipes, shells: WaitingShells, run: StartMessage): Promise<Piped> {
  if (run.kind === 'program') {
    const { file, args, cwd, env } = run
    if (!isProcessEnvironment(env)) throw new Error('The environment is none.')
    return pipes.spawn(file, args, { cwd, env })
  }
  const shell = await shells.take()
  shell.child.stdin?.write(`${run.script}\0`)
  return shell
}

interface Ended {
  code: number | null
  signal: string | null
}

/**
 * Calls back once it has ended and its pipes are closed, or silent for a while: a background job may hold them. A pipe
 * that is not read, because what it said is not taken yet, is not silent.
 */
function whenEnded({ child, stdout, stderr }: Piped, onEnded: (exit: Ended) => void): void {
  let exit: Ended | undefined
  let quiet: NodeJS.Timeout | undefined
  let reading: NodeJS.Immediate | undefined
  let isTold = false
  const open = new Set([stdout, stderr])
  const stopWaiting = () => {
    clearTimeout(quiet)
    clearImmediate(reading)
  }
  const told = () => {
    if (exit === undefined || isTold) return
    isTold = true
    stopWaiting()
    onEnded(exit)
  }
  const awaitQuiet = () => {
    if (exit === undefined || isTold) return
    stopWaiting()
    if ([...open].some((stream) => stream?.isPaused())) return
    // Had we no CPU for so long, the time is up before what came meanwhile is read: that is next, then immediates.
    quiet = setTimeout(() => (reading = setImmediate(told)), DRAIN_QUIET_MS)
  }
  for (const stream of open) {
    stream?.on('data', awaitQuiet)
    stream?.on('pause', awaitQuiet)
    stream?.on('resume', awaitQuiet)
    stream?.on('close', () => {
      open.delete(stream)
      if (open.size === 0) told()
      else awaitQuiet()
    })
  }
  child.on('exit', (code, signal) => {
    exit = { code, signal }
    if (open.size === 0) told()
    else awaitQuiet()
  })
}

function errnoOf(error: Error): string | undefined {
  return 'code' in error && typeof error.code === 'string' ? error.code : undefined
}
