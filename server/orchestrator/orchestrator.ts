import type { Duplex } from 'node:stream'

/**
 * Orchestrator port: sandboxes, from nothing to gone. Adapters: `local.ts` (processes of this machine), later
 * `kubernetes/`; both pass `orchestrator.contract.ts`. Objects are named by sandbox id and labelled with the repl at
 * adoption: what is named after a repl cannot be kept warm.
 */
export type SandboxPart = 'runner' | 'sidecar'

/** What a sandbox may use. */
export interface SandboxLimits {
  memoryBytes: number
  /** In cores. */
  cpus: number
  processes: number
  diskBytes: number
}

export interface SandboxLabel {
  replId: string
  generation: number
}

export type SandboxState =
  /** Made, its sidecar not yet heard. */
  | 'starting'
  /** Its sidecar answers. */
  | 'up'
  /** A part of it died and will not come back by itself. */
  | 'dead'

export interface Sandbox {
  id: string
  /** Key of the template it was made for; local sandboxes serve any. */
  template: string
  state: SandboxState
  /** Whose it is, once adopted. */
  label?: SandboxLabel
  /** Why it is dead, in words for a person. */
  reason?: string
  /** It was made from an image that sandboxes are no longer made from: good for whose it is, and for nobody new. */
  isOutdated?: boolean
  /** Which parts are dead: `revive` brings a runner back, `rescueSave` a sidecar. */
  deadParts?: SandboxPart[]
  createdAt: number
}

/** What one that nobody has is labelled with before it is removed, so that nobody takes it meanwhile; no repl has such an id. */
export const NOBODY: SandboxLabel = { replId: 'nobody', generation: 0 }

export type Observation = { kind: 'sandbox'; sandbox: Sandbox } | { kind: 'removed'; sandboxId: string }

/** What separates sandboxes here, as shown in the UI, the log and the README. */
export interface Isolation {
  level: 'none' | 'bubblewrap' | 'pod' | 'sandboxed-pod'
  /** One sentence: what is separate and what is shared. */
  summary: string
  network: 'separate' | 'shared'
  /** Which limits are really enforced. */
  enforced: { memory: boolean; cpu: boolean; processes: boolean }
}

export interface Orchestrator extends AsyncDisposable {
  isolation(): Isolation
  /** Whether a template's toolchain is here: runs its probe as a sandbox would. `missing` says what to install. */
  probe(command: string): Promise<boolean>
  /**
   * Makes an unadopted sandbox and returns when its sidecar answers. The same id again joins. Aborted, it leaves nothing;
   * but where `signal`'s reason is `unavailable` (another control plane takes over) what was made may stay for that one.
   */
  create(sandboxId: string, options: { template: string; limits: SandboxLimits; signal?: AbortSignal }): Promise<void>
  /** Everything there is now, then every change, until `signal` aborts. A slow reader gets the newest state of each. */
  observe(signal: AbortSignal): AsyncIterable<Observation>
  /** All sandboxes, as last heard: of a cluster's, a moment may have passed. Ask for one to know. */
  list(): Promise<Sandbox[]>
  /** One of them as it is now. */
  get(sandboxId: string): Promise<Sandbox | undefined>
  /** Why one that is gone went, in words for a person, where that was seen. */
  lossOf?(sandboxId: string): string | undefined
  /** Writes whose it is, durably, before the sidecar is told. A sandbox labelled otherwise: `AppError('conflict')`. */
  label(sandboxId: string, label: SandboxLabel): Promise<void>
  /** Where sandboxes share the host's network: the port that this one's programs should listen on. */
  portOf(sandboxId: string): Promise<number | undefined>
  /** A fresh connection to a part: HTTP/1.1 is spoken on it. `unavailable` if it cannot be reached. */
  dial(sandboxId: string, part: SandboxPart): Promise<Duplex>
  /** Restarts a dead runner on the same volume; terminals are new, files are as they were. */
  revive(sandboxId: string): Promise<void>
  /** Starts a sidecar anew on the volume of a sandbox whose sidecar died, so that it can be adopted again and save. */
  rescueSave(sandboxId: string): Promise<void>
  /** Ends every process of it and deletes its volume. Removing what is not there is no error. */
  remove(sandboxId: string): Promise<void>
}
