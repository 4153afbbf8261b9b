import type { z } from 'zod'
import type {
  AdoptProgress,
  AdoptRequest,
  AtHand,
  RestoreProgress,
  RestoreRequest,
  SaveProgress,
  SaveRequest,
  headResponseSchema,
} from '#protocol/adoption.ts'
import type { GenerationClaims } from '#protocol/claims.ts'
import type { Variables } from '#protocol/variables.ts'
import type { Work } from '#protocol/work.ts'
import type { Template } from '#server/workspaces/template.ts'

/** The files of repls, at rest in the object store. */
export interface Workspaces {
  /** Gives a new repl its first snapshot: the template's files, written under the owner's prefix. */
  seed(repl: WorkspaceRef, template: Template): Promise<void>
  /** The newest snapshot, or `undefined` for a repl that never had one. */
  head(replId: string): Promise<WorkspaceHead | undefined>
  /** The newest snapshot as a sidecar is told of it, taken over for this generation; `conflict` where a newer one has it. */
  claim(replId: string, generation: number): Promise<z.infer<typeof headResponseSchema>>
  /** What a restore of the newest snapshot will want first; `undefined` where there is none. */
  atHand(repl: WorkspaceRef): Promise<AtHand | undefined>
  /** Deletes what no snapshot of an owner's repls needs any more; how many objects that were. */
  collect(owner: { ownerId: string; replIds: readonly string[] }): Promise<number>
  /** Deletes history and head. Packs that other repls of the owner use stay. */
  purge(repl: WorkspaceRef): Promise<void>
}

export interface WorkspaceRef {
  replId: string
  ownerId: string
  /** The repl's name, to lie beside its head: the object store alone is enough to list everything again. */
  name?: string
}

export interface WorkspaceHead {
  manifest: string
  generation: number
  savedAt: number
  files: number
  bytes: number
}

/**
 * The control plane's calls to the sidecar of a sandbox. Each yields progress and returns normally after `done`;
 * a `failed` line is thrown as its `AppError`, and so is a connection that breaks (`unavailable`).
 */
export interface SidecarClient {
  /** Connects ahead of the next call, which comes soon; `unavailable` where the sidecar cannot be reached. */
  reach(sandboxId: string): Promise<void>
  adopt(request: AdoptRequest, onProgress: (progress: AdoptProgress) => void, signal: AbortSignal): Promise<void>
  /** Saves what is on the disk now; the repl goes on. */
  save(
    request: { sandboxId: string } & Partial<SaveRequest>,
    onProgress: (progress: SaveProgress) => void,
    signal: AbortSignal,
  ): Promise<void>
  /** Makes the live files, or some of them, what a snapshot says; the repl goes on. Save first what is to be kept. */
  restore(
    request: { sandboxId: string } & RestoreRequest,
    onProgress: (progress: RestoreProgress) => void,
    signal: AbortSignal,
  ): Promise<void>
  /** What is started in the sandbox from now on has these variables, and no others of before. */
  setVariables(sandboxId: string, variables: Variables, signal: AbortSignal): Promise<void>
  /** Ends the runner's processes, then saves: after it, the sandbox may be removed. */
  stop(sandboxId: string, onProgress: (progress: SaveProgress) => void, signal: AbortSignal): Promise<void>
}

/** What the domain is asked and told by sidecars, through the internal API. */
export interface WorkspaceEvents {
  /** The owner of a repl whose newest generation this is; `conflict` for an older one (a stale sandbox). */
  authorize(claims: GenerationClaims): Promise<WorkspaceRef>
  /** A snapshot became the head. */
  committed(claims: GenerationClaims, head: WorkspaceHead): Promise<void>
  reported(
    claims: GenerationClaims,
    report: { usedBytes?: number; activeAt?: number; work?: Work; unsavedSince?: number | null },
  ): Promise<void>
}
