import { spawn } from 'node:child_process'
import type { ChildProcess, ChildProcessByStdio, SpawnOptions } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, constants, openSync, readSync, statSync } from 'node:fs'
import { Socket } from 'node:net'
import type { Readable, Writable } from 'node:stream'
import { PIPES_AT_ONCE } from './limits.ts'

/** A program whose output is read. */
export interface Piped {
  child: ChildProcess
  stdout: Readable | null
  stderr: Readable | null
}

/** Both ends, as file descriptors. */
interface Pipe {
  read: number
  write: number
}

const NUMBERS = Array.from({ length: PIPES_AT_ONCE }, (_, at) => 10 + at)
/** A short here-string is a pipe that holds it. Each line makes pipes anew, in place of those before. */
const MAKE = `while read -r _; do exec ${NUMBERS.map((fd) => `${fd}<<<""`).join(' ')}; echo; done`

/**
 * Real pipes for what commands print. Node's own are sockets, which nobody can open again: `echo x > /dev/stderr` fails
 * there (ENXIO). A shell makes them ahead, and we open them through /proc; where that cannot be (bash before 5.1, no
 * /proc), commands get Node's.
 */
export class Pipes {
  #maker: ChildProcessByStdio<Writable, Readable, null> | undefined
  #canMake = true
  #made: Pipe[] = []
  #making: Promise<void> | undefined

  /** Starts a program in a session of its own, with its output on pipes. Rejects where the system does not start it. */
  async spawn(file: string, args: readonly string[], options: Pick<SpawnOptions, 'cwd' | 'env'>): Promise<Piped> {
    while (this.#made.length < 2 && this.#canMake) await this.#make()
    const pipes = this.#made.splice(0, 2)
    if (this.#made.length < PIPES_AT_ONCE / 2) void this.#make()
    const [stdout, stderr] = pipes
    const writes = [stdout?.write ?? 'pipe', stderr?.write ?? 'pipe'] as const
    const child = spawn(file, args, { ...options, detached: true, stdio: ['pipe', ...writes] })
    // The program alone holds them now: it ends them.
    for (const { write } of pipes) closeSync(write)
    if (child.pid === undefined) {
      for (const { read } of pipes) closeSync(read)
      throw await failed(child)
    }
    child.on('error', () => {})
    return {
      child,
      stdout: stdout === undefined ? child.stdout : readerOf(stdout),
      stderr: stderr === undefined ? child.stderr : readerOf(stderr),
    }
  }

  #make(): Promise<void> {
    if (!this.#canMake) return Promise.resolve()
    this.#making ??= this.#makeSome()
      .catch(() => {
        this.#canMake = false
        this.#maker?.kill('SIGKILL')
      })
      .finally(() => (this.#making = undefined))
    return this.#making
  }

  async #makeSome(): Promise<void> {
    this.#maker ??= spawn('/bin/bash', ['--noprofile', '--norc', '-c', MAKE], { stdio: ['pipe', 'pipe', 'ignore'] })
    const { stdin, stdout, pid } = this.#maker
    const over = new AbortController()
    const gone = once(this.#maker, 'exit', { signal: over.signal }).then(() => {
      throw new Error('The shell that makes pipes is gone.')
    })
    stdin.write('\n')
    try {
      await Promise.race([once(stdout, 'data', { signal: over.signal }), gone])
    } finally {
      over.abort()
    }
    const [first, ...others] = NUMBERS.map((fd) => `/proc/${pid}/fd/${fd}`)
    if (first === undefined || !statSync(first).isFIFO()) throw new Error('This shell puts here-strings into files.')
    for (const path of [first, ...others]) this.#made.push(openPipe(path))
  }
}

function failed(child: ChildProcess): Promise<Error> {
  return new Promise((resolve) => child.once('error', resolve))
}

const lineEnd = Buffer.alloc(1)

function openPipe(path: string): Pipe {
  const read = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  const write = openSync(path, constants.O_WRONLY)
  readSync(read, lineEnd)
  return { read, write }
}

function readerOf({ read }: Pipe): Socket {
  return new Socket({ fd: read, readable: true, writable: false })
}
