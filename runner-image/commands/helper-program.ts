import type { ChildProcess } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import { FROM_HELPER, HelperFrames, TO_HELPER, encodeHelperHeader } from './helper-frames.ts'
import type { HelperFrame } from './helper-frames.ts'
import { isProcessEnvironment, parseConfigure, parseStart } from './helper-messages.ts'
import type { StartMessage } from './helper-messages.ts'
import { Pipes } from './pipes.ts'
import type { Piped } from './pipes.ts'
import { WaitingShells } from './waiting-shells.ts'
import { whenEnded } from './when-ended.ts'

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
        return writeInput(running.get(command)?.stdin, payload, () => send(FROM_HELPER.taken, command, NOTHING))
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

const NOTHING = new Uint8Array()

function writeInput(stdin: Writable | null | undefined, bytes: Uint8Array, onTaken: () => void): void {
  if (stdin?.writable === true) stdin.write(bytes, onTaken)
  else onTaken()
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

function errnoOf(error: Error): string | undefined {
  return 'code' in error && typeof error.code === 'string' ? error.code : undefined
}
