/** Bounds of the gRPC services. */

const KIB = 1024
const MIB = 1024 * KIB

/** Output in one turn of a stream, and in one answer unless another bound is asked for. */
export const OUTPUT_PIECE_BYTES = 256 * KIB
export const READ_OUTPUT_BYTES = 1 * MIB

/** One call waits at most so long for an exit. */
export const MAX_WAIT_MS = 10 * 60_000

/** Content of a file in one message; larger ones are streamed in such pieces. */
export const MAX_SMALL_FILE_BYTES = 4 * MIB

/** So much is read of a file that says it is empty, and is one of the kernel's. */
export const UNSIZED_FILE_BYTES = 256 * KIB
export const FILE_PIECE_BYTES = 256 * KIB

/** Largest message in either direction: a small file and what is told of it. */
export const MAX_GRPC_MESSAGE_BYTES = 8 * MIB

/** Entries of one listing, and how deep it goes. */
export const MAX_LISTED_ENTRIES = 10_000
export const MAX_LIST_DEPTH = 4
/** A listing that takes longer ends with what it found, and lets others have their turn after so long. */
export const LIST_TIME_MS = 10_000
export const LIST_TURN_MS = 10

/** Counting what a deletion takes stops here. */
export const MAX_COUNTED_ENTRIES = 100_000

/** Calls at one time on one connection. */
export const MAX_GRPC_STREAMS = 1000

/**
 * Calls that their caller ends early: so many at once, and so many a second for long. Past that HTTP/2 ends the whole
 * connection, and all that is under way on it; its own bounds (1,000 and 33) are for strangers.
 */
export const MAX_RESETS_AT_ONCE = 10_000
export const MAX_RESETS_PER_SECOND = 1000

/** Content on its way to us before its sender waits: with HTTP/2's own 64 KiB it would wait all the time. */
export const FLOW_CONTROL_WINDOW_BYTES = 1 * MIB
