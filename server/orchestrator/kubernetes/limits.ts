/** Bounds of the Kubernetes adapter. */

const SECOND_MS = 1000

/** Without an answer of the API server for so long, a call has failed. */
export const API_TIMEOUT_MS = 30 * SECOND_MS
/** Largest answer: a list of some ten thousand pods. */
export const MAX_ANSWER_BYTES = 256 * 1024 * 1024
/** Connections to the API server at a time; watches have their own. */
export const MAX_API_CONNECTIONS = 32
/** Sandboxes that one list names: the names stand in its address, of which servers on the way take some 8 KB. */
export const MAX_ASKED_AT_ONCE = 200
/** Lists of named sandboxes at a time: one that is slow (many, or an API server that is away) does not stop the next. */
export const MAX_INQUIRIES = 4
/** A call that found the API server away, or too busy, is made again for so long, with growing waits. */
export const API_PATIENCE_MS = 100 * SECOND_MS
/** The same for the first call of all: whoever starts the server is watching. */
export const START_PATIENCE_MS = 10 * SECOND_MS
export const API_RETRY_FIRST_MS = 100
export const API_RETRY_MAX_MS = 3 * SECOND_MS

/** The API server ends a watch after so long; it is then asked for what came since. */
export const WATCH_SECONDS = 300
/** No word on a watch, bookmarks included, for so long: the connection is dead. */
export const WATCH_SILENCE_MS = (WATCH_SECONDS + 30) * SECOND_MS
/** A watch that broke is begun anew after so long, doubling to the second. */
export const WATCH_RETRY_FIRST_MS = 100
export const WATCH_RETRY_MAX_MS = 5 * SECOND_MS

/** Connecting to a part of a sandbox, its TLS handshake included. */
export const DIAL_TIMEOUT_MS = 5 * SECOND_MS
/** A connection on which nothing came for so long is probed: whose node vanished without a word has broken then. */
export const KEEP_ALIVE_MS = 30 * SECOND_MS

/** How often a sandbox that has yet to come up is looked at when nobody has said hello. */
export const READY_POLL_MS = 150
/** A pod that cannot be placed may be once a node was added: for so long nobody is told. */
export const UNSCHEDULABLE_AFTER_MS = 90 * SECOND_MS
/** A registry may fail for a moment. */
export const IMAGE_HOPELESS_AFTER_MS = 8 * SECOND_MS
/** The kubelet tries again what it could not prepare for a container: a volume or Secret that was not there yet, as after an outage. */
export const CONTAINER_HOPELESS_AFTER_MS = 90 * SECOND_MS
/** A Deployment whose pod does not appear is asked why after so long. */
export const NO_POD_AFTER_MS = SECOND_MS
/** How long a container that died is waited for before another way is taken: the kubelet restarts it at once, the first time. */
export const RESTART_WAIT_MS = 3 * SECOND_MS
/** How long an ephemeral container may take to come up. */
export const SAVER_WAIT_MS = 60 * SECOND_MS
/** How long a killed runner is waited for: the kubelet's waits grow with every death. */
export const REVIVE_WAIT_MS = 120 * SECOND_MS

/** What a pod whose work is saved gets to end. */
export const REMOVE_GRACE_SECONDS = 1
/** Longer than the sidecar tries to save (`END_GRACE_MS` there): a drained node loses nothing. */
export const POD_GRACE_SECONDS = 10 * 60

/** A pod that should have ended so long ago is on a node that is gone. */
export const OVERDUE_MS = 60 * SECOND_MS
/** How long a silent node may be missed before its pods are ended. The cluster's own default is five minutes. */
export const SILENT_NODE_SECONDS = 60
/** After that, what a node that is back has to say so: its pods then get their grace, and save. */
export const STRANDED_MS = 30 * SECOND_MS

/** Lost sandboxes of which it is remembered why: for as long as it takes to tell it. */
export const MAX_LOSSES_KNOWN = 1000

const DAY_MS = 24 * 60 * 60 * SECOND_MS
/** How long a sandbox's certificates are good for, and after how long one that still runs gets new ones. */
export const CERTIFICATE_MS = 90 * DAY_MS
export const RENEW_CERTIFICATES_MS = 30 * DAY_MS

/** Writes of an object that somebody else writes too. */
export const MAX_WRITE_ATTEMPTS = 8

/** How long a sidecar may take to accept a connection for its calls. It only checks a signature. */
export const TUNNEL_ANSWER_MS = 10 * SECOND_MS
/** How soon a connection for a sidecar's calls that broke is opened anew; longer and longer where they do not last. */
export const TUNNEL_RETRY_MS = 500
export const TUNNEL_RETRY_MAX_MS = 3 * SECOND_MS
/** One that was open for so long was taken. */
export const TUNNEL_LASTED_MS = 30 * SECOND_MS
