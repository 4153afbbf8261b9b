/**
 * Terminal frames: the binary messages of the browser ↔ runner WebSocket. Big-endian: `u8` kind, `u32` terminal
 * channel, `u64` byte offset since the terminal's start, payload. Offsets count bytes in their own direction, so that
 * resume and acknowledgement need nothing else.
 */

/**
 * - `output`: runner → client. Payload bytes begin at `offset` of the terminal's output.
 * - `input`: client → runner. Payload begins at `offset` of this client's input on this channel: applied in order, at most once.
 * - `ack`: client → runner: all output before `offset` is rendered. Runner → client: all input before `offset` is applied. No payload.
 * - `screen`: runner → client: payload is the terminal's serialised state (escape sequences) as of `offset`; reset, then write it.
 *   To the window its payload counts as the bytes before `offset`, in flight until they are acknowledged.
 */
export const FRAME_KINDS = { output: 1, input: 2, ack: 3, screen: 4 } as const
export type FrameKind = keyof typeof FRAME_KINDS

export interface Frame {
  kind: FrameKind
  /** Number of the terminal on this connection, given by `terminal.attach`. */
  channel: number
  offset: number
  payload: Uint8Array
}

export const FRAME_HEADER_BYTES = 13

/** The bytes of a frame's header; the payload follows it on the wire. */
export function encodeFrameHeader(frame: Omit<Frame, 'payload'>): Uint8Array {
  const header = new Uint8Array(FRAME_HEADER_BYTES)
  const view = new DataView(header.buffer)
  view.setUint8(0, FRAME_KINDS[frame.kind])
  view.setUint32(1, frame.channel)
  view.setBigUint64(5, BigInt(frame.offset))
  return header
}

/** A whole frame in one buffer. */
export function encodeFrame(frame: Frame): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(FRAME_HEADER_BYTES + frame.payload.length)
  bytes.set(encodeFrameHeader(frame))
  bytes.set(frame.payload, FRAME_HEADER_BYTES)
  return bytes
}

/** The frame in `bytes` (its payload is a view, not a copy), or `undefined` where they are not a frame. */
export function decodeFrame(bytes: Uint8Array): Frame | undefined {
  if (bytes.length < FRAME_HEADER_BYTES) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const kind = kindOf(view.getUint8(0))
  const offset = view.getBigUint64(5)
  if (kind === undefined || offset > BigInt(Number.MAX_SAFE_INTEGER)) return undefined
  return { kind, channel: view.getUint32(1), offset: Number(offset), payload: bytes.subarray(FRAME_HEADER_BYTES) }
}

function kindOf(byte: number): FrameKind | undefined {
  switch (byte) {
    case FRAME_KINDS.output:
      return 'output'
    case FRAME_KINDS.input:
      return 'input'
    case FRAME_KINDS.ack:
      return 'ack'
    case FRAME_KINDS.screen:
      return 'screen'
    default:
      return undefined
  }
}
