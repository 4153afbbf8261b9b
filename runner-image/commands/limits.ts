/** Bounds of agents' commands. */

const KIB = 1024
const MIB = 1024 * KIB
const SECOND = 1000

/** Shells that wait for a command. Each holds some 3 MiB, most of it shared. */
export const WAITING_SHELLS = 8

/** Pipes that are made together, ahead: each command takes two. */
export const PIPES_AT_ONCE = 32

/** Helper and waiting shells are let go after so long without a command. */
export const HELPER_IDLE_MS = 5 * 60 * SECOND

/** After its process ended, output that stays silent so long is taken to be all (a background job may hold the pipes). */
export const DRAIN_QUIET_MS = 200

/** The same for output that is read and never silent: a pipe holds far less than what is read in so long. */
export const DRAIN_LIMIT_MS = 2 * SECOND

/** A command, and the script that prepares a waiting shell for it. */
export const MAX_COMMAND_BYTES = 100 * KIB

/** A shell reads its script a byte at a time: a longer one is quicker as an argument. */
export const MAX_WAITING_SCRIPT_BYTES = 4 * KIB

/** Output kept of one command, the latest; and of all that have ended together. */
export const COMMAND_LOG_BYTES = 10 * MIB
export const ENDED_LOGS_BYTES = 64 * MIB

/** Commands of agents at one time, and ended ones that can still be read. */
export const MAX_RUNNING_COMMANDS = 64
export const MAX_ENDED_COMMANDS = 30

/** Between the steps of a cancel: SIGINT, SIGTERM, SIGKILL. */
export const CANCEL_INTERRUPT_MS = 2 * SECOND
export const CANCEL_TERMINATE_MS = 5 * SECOND
/** How long a killed command's last output is waited for. */
export const CANCEL_KILL_MS = 2 * SECOND

/** How long input that a program does not read yet is waited for before it is told as sent. */
export const INPUT_WAIT_MS = 2 * SECOND

/** How long a login shell may take to tell its environment; then commands get the plain one. */
export const LOGIN_ENVIRONMENT_TIMEOUT_MS = 5 * SECOND
export const MAX_ENVIRONMENT_BYTES = 256 * KIB

/** How long the helper may take to start a command. */
export const START_TIMEOUT_MS = 10 * SECOND

/** Between SIGHUP and SIGKILL for what ran when the helper died. */
export const HUNG_UP_KILL_AFTER_MS = 2 * SECOND

/** Size of the screen that people see a command without a terminal on. */
export const PIPE_SCREEN = { cols: 120, rows: 30 }

/** Names of commands in the list of terminals are cut to so many characters. */
export const MAX_COMMAND_NAME_CHARS = 60

/** Changes of streams (stdout, stderr) within one log that are remembered; older ones count as stdout. */
export const MAX_STREAM_CHANGES = 4096
/** So much of a command is shown to people. */
export const MAX_SHOWN_COMMAND_CHARS = 2000
