const SECOND = 1000
const MINUTE = 60 * SECOND
const KIB = 1024

/** Every bound of the gateway. Times in milliseconds. Tests lower some of them. */
export const GATEWAY_LIMITS = {
  /** A page's socket or a file transfer waits so long for a sleeping repl; a restore of a large workspace fits in it. */
  startWaitMs: 2 * MINUTE,
  /** A preview waits so long before it answers with a page that waits in the browser: below what proxies cut at. */
  previewWakeMs: 25 * SECOND,
  /** From a connection to a runner until it has answered, and from there to the end of a refusal. It only checks a signature. */
  runnerHeadMs: 10 * SECOND,
  /** From a preview's last request byte to the first byte of the user's server's answer: slow compilers fit in it. */
  upstreamHeadMs: 2 * MINUTE,
  /** After one side of a joined connection has ended, the other may go on so long. */
  lingerMs: 2 * SECOND,
  /** Live connections are authorised again so often, since a hint of a change may be lost. */
  recheckEveryMs: 15 * SECOND,
  /** After a hint of a change, a right is confirmed within so long or the connection ends: a lost right lives no second longer. */
  recheckLimitMs: 900,
  /** Between two such questions about one right: changes that come faster share one. */
  recheckDistanceMs: 100,
  /** Questions that failed in that time are asked again at this distance. */
  recheckRetryMs: 150,
  /** Periodic questions may fail so many times in a row before the connection ends. */
  recheckFailures: 20,
  /** A grant is remembered so long for the many requests of one page. A hint of a change drops it at once. */
  grantCacheMs: 3 * SECOND,
  /** That a preview's visitor is still signed in is remembered so long, for the same: what signing out ends lives no longer. */
  signInCacheMs: 3 * SECOND,
  /** What is known of a repl's visitors is kept so long after the last of them. */
  roomIdleMs: MINUTE,
  /** A preview ticket is for the redirect that follows at once. */
  ticketTtlMs: MINUTE,
  /** A preview's cookie. Renewed in its second half by use … */
  previewCookieTtlMs: 10 * MINUTE,
  /** … but no longer than so after its ticket: then the page asks for a new one, as whoever is signed in. */
  previewVisitMs: 8 * 60 * MINUTE,
  /**
   * IDE sockets of one REPL at a time, those being opened among them: of one person, of all guests, and of all who only
   * look. A runner has room for 100, so there is some for the owner and the editors whoever else comes.
   */
  socketsPerPerson: 20,
  socketsOfGuests: 40,
  socketsOfViewers: 60,
  /**
   * WebSockets to one REPL's previews at a time: of one visitor, and of all who are not signed in. A runner has room for
   * 500 connections to ports.
   */
  previewSocketsPerVisitor: 60,
  previewSocketsSignedOut: 200,
  /** Connections to one port of one sandbox at a time; more requests wait for one. */
  tunnelsPerPort: 128,
  /** Of these, so many are kept for the next request … */
  idleTunnelsPerPort: 16,
  /** … for so long after the last request to that port. */
  tunnelPoolIdleMs: MINUTE,
  /** TCP keep-alive of joined connections. */
  keepAliveMs: 30 * SECOND,
  /** Head of an answer from a sandbox. */
  maxHeadBytes: 32 * KIB,
  /** Body of an error from a runner, and of a ticket request. */
  maxSmallBodyBytes: 16 * KIB,
  /** Between two looks of the waiting page. */
  pagePollMs: SECOND,
}

export type GatewayLimits = typeof GATEWAY_LIMITS
