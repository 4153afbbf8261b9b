import { startExecHelper } from './helper-program.ts'

/**
 * Entry point of the exec helper: a process that does nothing but start commands, because starting one takes the longer
 * the more memory a process has. It lives as long as its standard input is open.
 */
startExecHelper(process.stdin, process.stdout)
