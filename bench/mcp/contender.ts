/** Who is measured; targets are set for ours. */
export type Role = 'floor' | 'runner' | 'sidecar' | 'hosted' | 'peer'

/**
 * One who can run a command, and work with files, for an agent. Absent: it has no such thing. What resolves to a number
 * has timed itself (milliseconds), because being asked costs more than what is asked.
 */
export interface Contender extends AsyncDisposable {
  name: string
  role: Role
  /** How a floor is named beside what is measured against it. */
  called?: string
  /** Runs a line of shell to its end. Throws where it did not work. */
  exec?: (command: string) => Promise<unknown>
  write?: (name: string, text: string) => Promise<unknown>
  read?: (name: string) => Promise<unknown>
  /** Any bytes, in and out, past the messages of the protocol. */
  upload?: (name: string, body: Uint8Array<ArrayBuffer>) => Promise<unknown>
  download?: (name: string) => Promise<unknown>
  /** Lists the prepared folder of 10,000 files. */
  list?: () => Promise<unknown>
}
