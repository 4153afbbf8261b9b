const SECOND = 1000
const MIB = 1024 * 1024

/** Every bound of the way in for agents. Times in milliseconds. Tests lower some of them. */
export const MCP_LIMITS = {
  /** Body of one JSON-RPC request; larger files go over the upload and download URLs. */
  maxBodyBytes: 4 * MIB,
  /** It comes within so long: until it has, what came of it is held. */
  bodyMs: 30 * SECOND,
  /** An answer that is one message: it is held until it is whole. */
  maxHeldAnswerBytes: 16 * MIB,
  /** A call waits so long for a sleeping repl, below what clients give a silent or a slow tool. */
  wakeMs: 45 * SECOND,
  /** A start that is so quick is waited for without a word … */
  quickWakeMs: 300,
  /** … then the client hears so often that it goes on: clients give up after a minute of silence. */
  heartbeatMs: 5 * SECOND,
  /** While a call runs its repl counts as used, told so often. */
  touchEveryMs: 60 * SECOND,
  /** Open requests of the account's server are authorised again so often. */
  recheckAccountMs: 400,
  /** Calls at a time, of one connection and in one repl. */
  parallelCalls: 32,
  parallelCallsPerRepl: 64,
  /** Streams of notifications at a time. */
  streams: 8,
  streamsPerRepl: 32,
  /** Bytes both ways in a minute, of one connection. A repl has twice as much. */
  bytesPerMinute: 512 * MIB,
  /**
   * Control planes tell each other so often what is used: for so long a second one may let in as much as the first. No
   * call waits for it.
   */
  tellUseEveryMs: 500,
  /** Connections and repls in one message; the rest goes with the next. */
  maxUsesTold: 500,
  /** What stays open is told again so often … */
  repeatUseEveryMs: 5 * SECOND,
  /** … and forgotten so long after: whoever told of it is gone. */
  useElsewhereMs: 12 * SECOND,
  /** Connections and repls whose use is remembered. */
  maxMeters: 10_000,
  /** A token for the sidecar is used again for so long; it is good for 60 s. */
  tokenReuseMs: 20 * SECOND,
}

export type McpLimits = typeof MCP_LIMITS
