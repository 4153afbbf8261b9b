import type { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import { Metadata, Server, ServerCredentials, status } from '@grpc/grpc-js'
import type {
  ServerWritableStream,
  handleClientStreamingCall,
  handleServerStreamingCall,
  handleUnaryCall,
} from '@grpc/grpc-js'
import type { ErrorCode, WireError } from '#protocol/errors.ts'
import {
  FileServiceService,
  PortServiceService,
  ProcessServiceService,
  TerminalServiceService,
} from '#wire/gen/runner.ts'
import type {
  FileServiceServer,
  PortServiceServer,
  ProcessServiceServer,
  TerminalServiceServer,
} from '#wire/gen/runner.ts'
import { MAX_GRPC_MESSAGE_BYTES } from './limits.ts'
import type { CallContext, Collected, Services, Streamed, Unary } from './services.ts'

export interface GrpcServer {
  /** Speaks gRPC on a connection that was accepted elsewhere. */
  serve(socket: Socket): void
  close(): void
}

/** What this file exports, for who loads it by name. */
export interface GrpcModule {
  createGrpcServer: typeof createGrpcServer
}

interface GrpcOptions {
  services: Services
  /** An error as it travels. */
  toWireError: (error: unknown) => WireError
}

/**
 * The gRPC server. A file of its own when bundled, loaded with the first connection: it knows the wire only, and is given
 * what it serves.
 */
export function createGrpcServer({ services, toWireError }: GrpcOptions): GrpcServer {
  const server = new Server({
    'grpc.max_receive_message_length': MAX_GRPC_MESSAGE_BYTES,
    'grpc.max_send_message_length': MAX_GRPC_MESSAGE_BYTES,
    'grpc.max_concurrent_streams': 1000,
  })
  const refusal = (error: unknown) => {
    const wire = toWireError(error)
    const metadata = new Metadata()
    metadata.set(ERROR_KEY, Buffer.from(JSON.stringify(wire)))
    return { code: STATUS[wire.code], details: wire.message, metadata }
  }
  const unary =
    <Q, R>(handle: Unary<Q, R>): handleUnaryCall<Q, R> =>
    (call, answer) => {
      void (async () => handle(call.request, contextOf(call)))().then(
        (response) => answer(null, response),
        (error: unknown) => answer(refusal(error)),
      )
    }
  const streamed =
    <Q, R>(handle: Streamed<Q, R>): handleServerStreamingCall<Q, R> =>
    (call) => {
      void pour(call, handle).then(
        () => call.end(),
        (error: unknown) => call.emit('error', refusal(error)),
      )
    }
  const collected =
    <Q, R>(handle: Collected<Q, R>): handleClientStreamingCall<Q, R> =>
    (call, answer) => {
      void (async () => handle(call, contextOf(call)))().then(
        (response) => answer(null, response),
        (error: unknown) => answer(refusal(error)),
      )
    }
  const { processes, files, ports, terminals } = services
  server.addService(ProcessServiceService, {
    start: streamed(processes.start),
    connect: streamed(processes.connect),
    readOutput: unary(processes.readOutput),
    writeStdin: unary(processes.writeStdin),
    sendSignal: unary(processes.sendSignal),
    cancel: unary(processes.cancel),
    resizeTty: unary(processes.resizeTty),
    wait: unary(processes.wait),
    get: unary(processes.get),
    list: unary(processes.list),
  } satisfies ProcessServiceServer)
  server.addService(FileServiceService, {
    read: streamed(files.read),
    readSmall: unary(files.readSmall),
    write: collected(files.write),
    writeSmall: unary(files.writeSmall),
    stat: unary(files.stat),
    listDir: unary(files.listDir),
    move: unary(files.move),
    delete: unary(files.delete),
    makeDir: unary(files.makeDir),
    glob: unary(files.glob),
    grep: unary(files.grep),
    watch: streamed(files.watch),
  } satisfies FileServiceServer)
  server.addService(PortServiceService, {
    list: unary(ports.list),
    watch: streamed(ports.watch),
  } satisfies PortServiceServer)
  server.addService(TerminalServiceService, {
    list: unary(terminals.list),
    read: unary(terminals.read),
    screen: unary(terminals.screen),
    input: unary(terminals.input),
    watch: streamed(terminals.watch),
  } satisfies TerminalServiceServer)
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure())
  return {
    serve: (socket) => injector.injectConnection(socket),
    close: () => {
      injector.destroy()
      server.forceShutdown()
    },
  }
}

/** Where an error's code, message and advice travel. */
const ERROR_KEY = 'devex-error-bin'

function contextOf(call: EventEmitter): CallContext {
  const abort = new AbortController()
  call.on('cancelled', () => abort.abort())
  return { signal: abort.signal }
}

/** Sends what the handler yields, no faster than the caller reads. */
async function pour<Q, R>(call: ServerWritableStream<Q, R>, handle: Streamed<Q, R>): Promise<void> {
  const context = contextOf(call)
  for await (const item of handle(call.request, context)) {
    if (context.signal.aborted) return
    if (call.write(item)) continue
    await new Promise<void>((resolve) => {
      call.once('drain', resolve)
      context.signal.addEventListener('abort', () => resolve(), { once: true })
    })
  }
}

const STATUS: Record<ErrorCode, status> = {
  bad_request: status.INVALID_ARGUMENT,
  unauthenticated: status.UNAUTHENTICATED,
  forbidden: status.PERMISSION_DENIED,
  not_found: status.NOT_FOUND,
  conflict: status.FAILED_PRECONDITION,
  gone: status.NOT_FOUND,
  too_large: status.OUT_OF_RANGE,
  quota_exceeded: status.RESOURCE_EXHAUSTED,
  rate_limited: status.RESOURCE_EXHAUSTED,
  unavailable: status.UNAVAILABLE,
  timeout: status.DEADLINE_EXCEEDED,
  not_supported: status.UNIMPLEMENTED,
  internal: status.INTERNAL,
}
