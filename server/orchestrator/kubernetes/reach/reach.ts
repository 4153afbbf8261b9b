import type { Duplex } from 'node:stream'
import type { SandboxPart } from '#server/orchestrator/orchestrator.ts'

/** A part of a sandbox that listens. */
export interface Target {
  sandboxId: string
  part: SandboxPart
  port: number
  /** The pod's name and address. */
  pod: string
  address: string | undefined
}

/** How pods are reached from here: `pod`, `port-forward` or `ingress`. */
export interface Reach {
  /** A connection to the target, TLS done and the target's name proven. `unavailable` if it cannot be had. */
  connect(target: Target): Promise<Duplex>
}
