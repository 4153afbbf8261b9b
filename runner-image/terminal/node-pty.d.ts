/** The binary part of node-pty, which the runner uses directly in order to own the PTY's file descriptor. */
declare module 'node-pty/requireBinary.js' {
  interface NativePty {
    /** Forks `file` with a new PTY as its controlling terminal. `onExit` comes from a thread that waits for it. */
    fork(
      file: string,
      args: string[],
      env: string[],
      cwd: string,
      cols: number,
      rows: number,
      uid: number,
      gid: number,
      utf8: boolean,
      helperPath: string,
      onExit: (code: number, signal: number) => void,
    ): { fd: number; pid: number; pty: string }
    resize(fd: number, cols: number, rows: number): void
  }
  export function requireBinary(name: 'pty.node'): NativePty
}

/** The package's main file is CommonJS whose names Node cannot see; this is the same code as a module. */
declare module '@xterm/headless/lib-headless/xterm-headless.mjs' {
  export { Terminal } from '@xterm/headless'
}
