import type * as wire from '#wire/gen/runner.ts'
import type { OpenedSandbox } from '../opened-sandbox.ts'
import { fileHandlers } from './files.ts'
import { portHandlers } from './ports.ts'
import { processHandlers } from './processes.ts'
import { terminalHandlers } from './terminals.ts'

/** What a handler knows of its call. */
export interface CallContext {
  /** Aborts when the caller hangs up. */
  signal: AbortSignal
}

export type Unary<Q, R> = (request: Q, call: CallContext) => Promise<R> | R
export type Streamed<Q, R> = (request: Q, call: CallContext) => AsyncIterable<R>
export type Collected<Q, R> = (parts: AsyncIterable<Q>, call: CallContext) => Promise<R>

export interface ProcessHandlers {
  start: Streamed<wire.StartRequest, wire.ProcessEvent>
  connect: Streamed<wire.ConnectRequest, wire.ProcessEvent>
  readOutput: Unary<wire.ReadOutputRequest, wire.ReadOutputResponse>
  writeStdin: Unary<wire.WriteStdinRequest, wire.WriteStdinResponse>
  sendSignal: Unary<wire.SendSignalRequest, wire.Process>
  cancel: Unary<wire.ProcessRequest, wire.Process>
  resizeTty: Unary<wire.ResizeTtyRequest, wire.ResizeTtyResponse>
  wait: Unary<wire.WaitRequest, wire.Process>
  get: Unary<wire.ProcessRequest, wire.Process>
  list: Unary<wire.ListRequest, wire.ListResponse>
}

export interface FileHandlers {
  read: Streamed<wire.ReadRequest, wire.ReadChunk>
  readSmall: Unary<wire.ReadRequest, wire.ReadSmallResponse>
  write: Collected<wire.WriteChunk, wire.FileVersion>
  writeSmall: Unary<wire.WriteSmallRequest, wire.FileVersion>
  stat: Unary<wire.StatRequest, wire.FileEntry>
  listDir: Unary<wire.ListDirRequest, wire.ListDirResponse>
  move: Unary<wire.MoveRequest, wire.FileEntry>
  delete: Unary<wire.DeleteRequest, wire.DeleteResponse>
  makeDir: Unary<wire.PathRequest, wire.FileEntry>
  glob: Unary<wire.GlobRequest, wire.GlobResponse>
  grep: Unary<wire.GrepRequest, wire.GrepResponse>
  watch: Streamed<wire.WatchRequest, wire.Changes>
}

export interface PortHandlers {
  list: Unary<wire.ListPortsRequest, wire.Ports>
  watch: Streamed<wire.WatchPortsRequest, wire.Ports>
}

export interface TerminalHandlers {
  list: Unary<wire.ListTerminalsRequest, wire.ListTerminalsResponse>
  read: Unary<wire.ReadTerminalRequest, wire.ReadTerminalResponse>
  screen: Unary<wire.TerminalRequest, wire.ScreenResponse>
  input: Unary<wire.TerminalInputRequest, wire.TerminalInputResponse>
  watch: Streamed<wire.ListTerminalsRequest, wire.ListTerminalsResponse>
}

export interface Services {
  processes: ProcessHandlers
  files: FileHandlers
  ports: PortHandlers
  terminals: TerminalHandlers
}

/** What the gRPC services do. `sandbox` throws while nothing is opened; asking it counts as activity. */
export function createServices(sandbox: () => OpenedSandbox): Services {
  return {
    processes: processHandlers(sandbox),
    files: fileHandlers(sandbox),
    ports: portHandlers(sandbox),
    terminals: terminalHandlers(sandbox),
  }
}
