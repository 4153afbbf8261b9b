/** Bounds of calls to the runner. */

const MIB = 1024 * 1024
const SECOND = 1000

/** A call that answers once, unless it says otherwise. */
export const RUNNER_CALL_TIMEOUT_MS = 30 * SECOND

/** A cancel goes through SIGINT, SIGTERM and SIGKILL, with time in between. */
export const RUNNER_CANCEL_TIMEOUT_MS = 15 * SECOND

/** A write of any size. */
export const RUNNER_WRITE_TIMEOUT_MS = 10 * 60 * SECOND

/** After the time that a call waits by itself, so long for its answer. */
export const RUNNER_WAIT_GRACE_MS = 5 * SECOND

/** Largest message in either direction; the runner's is the same. */
export const MAX_GRPC_MESSAGE_BYTES = 8 * MIB

/** Output on its way to us before the runner waits: with HTTP/2's own 64 KiB it would wait all the time. */
export const FLOW_CONTROL_WINDOW_BYTES = 1 * MIB

/** Messages of a stream that wait for their reader before the runner must; each has 256 KiB at most. */
export const MAX_WAITING_MESSAGES = 16
