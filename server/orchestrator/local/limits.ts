/** Bounds of the local orchestrator. Each wait ends, each file stops growing. */

const KIB = 1024
const MIB = 1024 * KIB

/** Longest path that fits `sockaddr_un.sun_path` with its NUL. */
export const MAX_SOCKET_PATH_BYTES = 107

/** Output of a runner or sidecar that is kept; twice as much may lie on disk (the current file and the one before). */
export const MAX_LOG_BYTES = MIB

/** How much of a log's end an error message carries. */
export const LOG_TAIL_BYTES = 2 * KIB

/** How often processes that are not our children are looked at (our own tell by themselves). */
export const POLL_INTERVAL_MS = 500

/** From the first process to an answering sidecar. */
export const START_TIMEOUT_MS = 20_000

/** Pause between two attempts to reach a socket that is not there yet. */
export const HEALTH_RETRY_MS = 5

/** One health request. */
export const HEALTH_TIMEOUT_MS = 2_000

/** Largest health answer that is read. */
export const MAX_HEALTH_BYTES = 64 * KIB

/** Connecting to a socket of this machine; more means that nobody accepts. */
export const DIAL_TIMEOUT_MS = 2_000

/** Between SIGTERM and SIGKILL when a sandbox is removed. Its work was saved before. */
export const TERMINATE_WAIT_MS = 1_500

/** Between SIGKILL and giving up: the kernel takes a moment to tear namespaces down. */
export const KILL_WAIT_MS = 5_000

/** Pause between two looks at processes that are ending. */
export const KILL_POLL_MS = 10

/** One helper program (ip, nft, rm of a small tree). */
export const TOOL_TIMEOUT_MS = 10_000

/** Deleting a whole volume. */
export const DELETE_TIMEOUT_MS = 120_000

/** Output of a helper program that is read. */
export const MAX_TOOL_OUTPUT_BYTES = MIB

/** Trying an isolation mechanism at start: some hang instead of failing. */
export const ISOLATION_PROBE_TIMEOUT_MS = 5_000

/** A template's toolchain probe. */
export const TOOLCHAIN_PROBE_TIMEOUT_MS = 10_000

/** Ports for sandboxes that share the host's network: below the ephemeral range of Linux (32768). */
export const FIRST_SHARED_PORT = 21_000
export const SHARED_PORTS = 8_000

/** Attempts to find a free veth number; a collision needs two of 16,384 to fall together. */
export const NETWORK_ATTEMPTS = 64
