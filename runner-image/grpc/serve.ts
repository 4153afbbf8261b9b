import type { Socket } from 'node:net'
import { constants, createServer } from 'node:http2'
import type { IncomingHttpHeaders, ServerHttp2Session, ServerHttp2Stream } from 'node:http2'
import type { ErrorCode, WireError } from '#protocol/errors.ts'
import {
  FileServiceDefinition,
  PortServiceDefinition,
  ProcessServiceDefinition,
  TerminalServiceDefinition,
} from '#wire/gen/runner.ts'
import { drained } from '#wire/drained.ts'
import { ERROR_HEADER, GRPC_CONTENT_TYPE, GRPC_STATUS, GrpcFault, encodeMessage } from '#wire/grpc.ts'
import type { CallDefinition } from '#wire/grpc.ts'
import { Incoming } from './incoming.ts'
import { FLOW_CONTROL_WINDOW_BYTES, MAX_GRPC_STREAMS, MAX_RESETS_AT_ONCE, MAX_RESETS_PER_SECOND } from './limits.ts'
import type { CallContext, Collected, Services, Streamed, Unary } from './services.ts'

export interface GrpcServer {
  /** Speaks gRPC on a connection that was accepted elsewhere. */
  serve(socket: Socket): void
  close(): void
}

interface GrpcOptions {
  services: Services
  /** An error as it travels. */
  toWireError: (error: unknown) => WireError
}

/** Takes a call's messages and answers, until its end; what it throws is told to the caller. */
type Serve = (stream: ServerHttp2Stream, call: CallContext) => Promise<void>

/**
 * The gRPC server: Node's HTTP/2 and the framing of `#wire/grpc.ts`, no more. grpc-js spends four times as long on a call
 * as HTTP/2 does. It is loaded with the first connection, knows the wire only, and is given what it serves.
 */
export function createGrpcServer({ services, toWireError }: GrpcOptions): GrpcServer {
  const calls = tableOf(services)
  const sessions = new Set<ServerHttp2Session>()
  const server = createServer({
    settings: { initialWindowSize: FLOW_CONTROL_WINDOW_BYTES, maxConcurrentStreams: MAX_GRPC_STREAMS },
    streamResetBurst: MAX_RESETS_AT_ONCE,
    streamResetRate: MAX_RESETS_PER_SECOND,
  })
  server.on('session', (session) => {
    sessions.add(session)
    session.on('close', () => sessions.delete(session))
    session.setLocalWindowSize(FLOW_CONTROL_WINDOW_BYTES)
  })
  // It ends by itself then.
  server.on('sessionError', () => {})
  server.on('stream', (stream, headers) => {
    const abort = new AbortController()
    let isOver = false
    stream.on('error', () => {})
    stream.on('close', () => {
      if (!isOver) abort.abort()
    })
    void callOf(calls, headers)(stream, { signal: abort.signal })
      .then(
        () => endWell(stream),
        (error: unknown) => endBadly(stream, outcomeOf(error, toWireError)),
      )
      .finally(() => {
        isOver = true
      })
  })
  return {
    serve: (socket) => void server.emit('connection', socket),
    close: () => {
      for (const session of sessions) session.destroy()
    },
  }
}

function tableOf({ processes, files, ports, terminals }: Services): Map<string, Serve> {
  const [process, file] = [ProcessServiceDefinition, FileServiceDefinition]
  const [port, terminal] = [PortServiceDefinition, TerminalServiceDefinition]
  const table = new Map<string, Serve>()
  const add = ({ fullName }: { fullName: string }, entries: [{ name: string }, Serve][]) => {
    for (const [{ name }, serve] of entries) table.set(`/${fullName}/${name}`, serve)
  }
  add(process, [
    streamed(process.methods.start, processes.start),
    streamed(process.methods.connect, processes.connect),
    unary(process.methods.readOutput, processes.readOutput),
    unary(process.methods.writeStdin, processes.writeStdin),
    unary(process.methods.sendSignal, processes.sendSignal),
    unary(process.methods.cancel, processes.cancel),
    unary(process.methods.resizeTty, processes.resizeTty),
    unary(process.methods.wait, processes.wait),
    unary(process.methods.get, processes.get),
    unary(process.methods.list, processes.list),
  ])
  add(file, [
    streamed(file.methods.read, files.read),
    unary(file.methods.readSmall, files.readSmall),
    collected(file.methods.write, files.write),
    unary(file.methods.writeSmall, files.writeSmall),
    unary(file.methods.stat, files.stat),
    unary(file.methods.listDir, files.listDir),
    unary(file.methods.move, files.move),
    unary(file.methods.delete, files.delete),
    unary(file.methods.makeDir, files.makeDir),
    unary(file.methods.glob, files.glob),
    unary(file.methods.grep, files.grep),
    streamed(file.methods.watch, files.watch),
  ])
  add(port, [unary(port.methods.list, ports.list), streamed(port.methods.watch, ports.watch)])
  add(terminal, [
    unary(terminal.methods.list, terminals.list),
    unary(terminal.methods.read, terminals.read),
    unary(terminal.methods.screen, terminals.screen),
    unary(terminal.methods.input, terminals.input),
    streamed(terminal.methods.watch, terminals.watch),
  ])
  return table
}

function unary<Q, R>(definition: CallDefinition<Q, R>, handle: Unary<Q, R>): [CallDefinition<Q, R>, Serve] {
  const serve: Serve = async (stream, call) => {
    const request = await new Incoming(stream, definition.requestType).only()
    const answer = encodeMessage(definition.responseType, await handle(request, call))
    if (!stream.destroyed) begin(stream).write(answer)
  }
  return [definition, serve]
}

/** Sends what the handler yields, no faster than the caller reads. */
function streamed<Q, R>(definition: CallDefinition<Q, R>, handle: Streamed<Q, R>): [CallDefinition<Q, R>, Serve] {
  const serve: Serve = async (stream, call) => {
    const request = await new Incoming(stream, definition.requestType).only()
    for await (const item of handle(request, call)) {
      if (call.signal.aborted || stream.destroyed) return
      if (!begin(stream).write(encodeMessage(definition.responseType, item))) await drained(stream)
    }
  }
  return [definition, serve]
}

function collected<Q, R>(definition: CallDefinition<Q, R>, handle: Collected<Q, R>): [CallDefinition<Q, R>, Serve] {
  const serve: Serve = async (stream, call) => {
    const answer = await handle(new Incoming(stream, definition.requestType).all(), call)
    if (!stream.destroyed) begin(stream).write(encodeMessage(definition.responseType, answer))
  }
  return [definition, serve]
}

function callOf(calls: Map<string, Serve>, headers: IncomingHttpHeaders): Serve {
  const path = headers[constants.HTTP2_HEADER_PATH] ?? ''
  const call = typeof path === 'string' ? calls.get(path) : undefined
  return (
    call ??
    (() => Promise.reject(new GrpcFault(GRPC_STATUS.unimplemented, `There is no call ${String(path).slice(0, 100)}.`)))
  )
}

/** Its head, once; what it ended with follows its messages. */
function begin(stream: ServerHttp2Stream): ServerHttp2Stream {
  if (!stream.headersSent) stream.respond(HEAD, { waitForTrailers: true })
  return stream
}

const HEAD = { ':status': 200, 'content-type': GRPC_CONTENT_TYPE }

function endWell(stream: ServerHttp2Stream): void {
  if (stream.destroyed) return
  stream.once('wantTrailers', () => stream.sendTrailers({ 'grpc-status': GRPC_STATUS.ok }))
  begin(stream).end()
}

function endBadly(stream: ServerHttp2Stream, outcome: Record<string, string | number>): void {
  if (stream.destroyed) return
  // What the caller has yet to send is not waited for.
  const stop = () => {
    if (!stream.readableEnded) stream.close(constants.NGHTTP2_NO_ERROR)
  }
  stream.once('finish', stop)
  if (!stream.headersSent) return stream.respond({ ...HEAD, ...outcome }, { endStream: true })
  stream.once('wantTrailers', () => stream.sendTrailers(outcome))
  stream.end()
}

function outcomeOf(error: unknown, toWireError: GrpcOptions['toWireError']): Record<string, string | number> {
  if (error instanceof GrpcFault)
    return { 'grpc-status': error.status, 'grpc-message': encodeURIComponent(error.message) }
  const wire = toWireError(error)
  return {
    'grpc-status': STATUS[wire.code],
    'grpc-message': encodeURIComponent(wire.message),
    [ERROR_HEADER]: Buffer.from(JSON.stringify(wire)).toString('base64'),
  }
}

const STATUS: Record<ErrorCode, number> = {
  bad_request: GRPC_STATUS.invalidArgument,
  unauthenticated: GRPC_STATUS.unauthenticated,
  forbidden: GRPC_STATUS.permissionDenied,
  not_found: GRPC_STATUS.notFound,
  conflict: GRPC_STATUS.failedPrecondition,
  gone: GRPC_STATUS.notFound,
  too_large: GRPC_STATUS.outOfRange,
  quota_exceeded: GRPC_STATUS.resourceExhausted,
  rate_limited: GRPC_STATUS.resourceExhausted,
  unavailable: GRPC_STATUS.unavailable,
  timeout: GRPC_STATUS.deadlineExceeded,
  not_supported: GRPC_STATUS.unimplemented,
  internal: GRPC_STATUS.internal,
}
