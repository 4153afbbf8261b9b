import * as z from 'zod'
import { displayNameSchema } from './display-name.ts'
import { wireErrorSchema } from './errors.ts'
import { replIdSchema, sandboxIdSchema } from './ids.ts'
import { workspacePathSchema } from './paths.ts'
import { variablesOnTheWay } from './variables.ts'
import { workSchema } from './work.ts'

/**
 * The control plane's calls to a sidecar (HTTP/1.1 over what `orchestrator.dial(sandboxId, 'sidecar')` gives) and a
 * sidecar's calls to its runner (HTTP over the Unix socket those two share). `Authorization: Bearer` carries a token
 * with `SidecarClaims`. Answers of long calls are streams of JSON lines (`application/x-ndjson`), the last of which has
 * `phase: 'done'` or `phase: 'failed'`.
 */
export const SIDECAR_ROUTES = {
  /** GET, no token: the sandbox is up. Answers `{sandbox, adopted: {repl, generation} | null}`. */
  health: '/health',
  /** POST `adoptRequestSchema` → lines of `adoptProgressSchema`. The same repl and generation again joins; another one: 409. */
  adopt: '/adopt',
  /** POST `saveRequestSchema` → lines of `saveProgressSchema`: saves now, and goes on running. */
  save: '/save',
  /**
   * POST `restoreRequestSchema` → lines of `restoreProgressSchema`: makes the live volume, or some paths of it, what a
   * snapshot says. Terminals and programs go on running; whoever wants what is there now back saves first, and says so.
   */
  restore: '/restore',
  /**
   * GET upgrade to `devex-control`: after 101 the sidecar speaks HTTP/1.1 to the control plane's internal API on this
   * connection. For control planes that reach their pods without being reached by them.
   */
  control: '/control',
  /** POST `variablesRequestSchema` → lines of `variablesProgressSchema`: what is started from now on has these. */
  variables: '/variables',
  /** POST, GET, DELETE: the Model Context Protocol, for agents, with a token of `AgentClaims`. */
  mcp: '/mcp',
  /** POST `{}` → lines of `saveProgressSchema`: ends the runner's processes, saves once more; after that nothing runs. */
  stop: '/stop',
} as const

/** Where the runner serves gRPC (`runner.proto`) to its sidecar: beside its socket, unless `RUNNER_GRPC_SOCKET` says. */
export const GRPC_SOCKET_NAME = 'grpc.sock'

export const RUNNER_ROUTES = {
  /** GET upgrade: the WebSocket of `messages.ts`. `Authorization: Bearer <attach token>`. */
  socket: '/socket',
  /** GET, PUT, HEAD `/files/<path>`: streams, ranges, `If-Match`/`If-None-Match`; GET of a folder: zip. Attach token. */
  files: '/files/',
  /** GET upgrade to `devex-tunnel` with `?port=N`: after 101 the connection is raw bytes to that port in the sandbox. Attach token. */
  tunnel: '/tunnel',
  /** GET, no token: `{runner, opened}`. */
  health: '/health',
  /** POST `openRequestSchema`, once per sandbox, from the sidecar → lines of `openProgressSchema`. */
  open: '/open',
  /** POST `variablesRequestSchema`: what is started from now on has these. Answers `{}`. */
  variables: '/variables',
  /** POST: ends every process group (SIGHUP, SIGTERM, then SIGKILL); answers when nothing but the runner runs. */
  quiesce: '/quiesce',
  /** GET → lines `{path}` of what changed on disk, as a hint for the continuous save (paths relative to the volume). */
  changes: '/changes',
} as const

/** A project to clone into an empty workspace on the first start. */
export const cloneSourceSchema = z.object({
  url: z.url({ protocol: /^https?$/ }),
  branch: z
    .string()
    .regex(/^(?!-)[\w./-]{1,200}$/)
    .optional(),
})
export type CloneSource = z.infer<typeof cloneSourceSchema>

/** What Run does unless `.devex.json` says otherwise. */
export const runDefaultsSchema = z.object({ command: z.string(), port: z.int().min(1).max(65535).optional() })
export type RunDefaults = z.infer<typeof runDefaultsSchema>

/** What Run does in a project that has a file of this name at its top. */
const runGuessSchema = runDefaultsSchema.extend({ file: z.string() })
export type RunGuess = z.infer<typeof runGuessSchema>

/** Where an upload or download goes. A relative `url` is the control plane's own. */
const presignedSchema = z.object({ url: z.string(), headers: z.record(z.string(), z.string()) })

/** Object names are the owner's content hashes: `packs/<sha256>` or `manifests/<sha256>`; the control plane puts the owner's or repl's prefix before them. */
export const objectNameSchema = z.string().regex(/^(packs|manifests)\/[0-9a-f]{64}$/)

/** Objects that may be at hand, of each kind. */
export const MAX_AT_HAND = 100

/** Objects of the store that a sidecar will want soon: content (base64), or where it is had. */
const atHandSchema = z.object({
  contents: z.array(z.object({ name: objectNameSchema, content: z.base64() })).max(MAX_AT_HAND),
  downloads: z.array(presignedSchema.extend({ name: objectNameSchema })).max(MAX_AT_HAND),
})
export type AtHand = z.infer<typeof atHandSchema>

export const headResponseSchema = z.object({
  manifest: objectNameSchema.nullable(),
  /** Version of the head, to be given back at commit. */
  etag: z.string().nullable(),
})

/** What a sandbox is told when it becomes a repl's. */
export const adoptRequestSchema = z.object({
  sandbox: sandboxIdSchema,
  repl: replIdSchema,
  replName: z.string(),
  generation: z.int().positive(),
  /** Token with `GenerationClaims`: the sidecar's credential at the control plane. It never reaches the runner. */
  token: z.string(),
  /** Restore the repl's head; `false` only for a first start from Git. */
  restore: z.boolean(),
  /** The head, taken over for this generation: no older one can move it any more. Absent: the sidecar asks for it. */
  head: headResponseSchema.optional(),
  /** What is known of the head's content by now. It may have moved since. */
  atHand: atHandSchema.optional(),
  clone: cloneSourceSchema.optional(),
  run: runDefaultsSchema,
  /** Where `run` has no command: what the project's files say it is; the first whose file is there counts. */
  runGuesses: z.array(runGuessSchema).max(500).optional(),
  /** Shown in the terminal's environment and the status bar. */
  isolation: z.string(),
  /** The `PORT` of this repl's processes where sandboxes share the host's network. */
  port: z.int().optional(),
  diskLimitBytes: z.int().positive(),
  /** What its owner wants in the environment of all that is started in it, in memory only. Absent: as it was told before. */
  variables: variablesOnTheWay.optional(),
})
export type AdoptRequest = z.infer<typeof adoptRequestSchema>

export const adoptProgressSchema = z.discriminatedUnion('phase', [
  z.object({ phase: z.literal('restoring'), doneFiles: z.int(), totalFiles: z.int() }),
  z.object({ phase: z.literal('cloning'), message: z.string(), percent: z.number().min(0).max(100).optional() }),
  z.object({ phase: z.literal('opening') }),
  z.object({
    phase: z.literal('done'),
    /** After a clone: the names at the project's top, from which its template is guessed. */
    names: z.array(z.string()).max(500).optional(),
  }),
  z.object({ phase: z.literal('failed'), error: wireErrorSchema }),
])
export type AdoptProgress = z.infer<typeof adoptProgressSchema>

/** What the runner is told: nothing secret but what its owner wants its programs to know. */
export const openRequestSchema = adoptRequestSchema.omit({ token: true, restore: true, head: true, atHand: true })
export type OpenRequest = z.infer<typeof openRequestSchema>

/** All of them: what is not named is gone. */
export const variablesRequestSchema = z.object({ variables: variablesOnTheWay })

export const variablesProgressSchema = z.discriminatedUnion('phase', [
  z.object({ phase: z.literal('done') }),
  z.object({ phase: z.literal('failed'), error: wireErrorSchema }),
])
export type VariablesProgress = z.infer<typeof variablesProgressSchema>

export const openProgressSchema = z.discriminatedUnion('phase', [
  z.object({ phase: z.literal('cloning'), message: z.string(), percent: z.number().min(0).max(100).optional() }),
  z.object({
    phase: z.literal('done'),
    /** After a clone: the names at the project's top, from which its template is guessed. */
    names: z.array(z.string()).max(500).optional(),
  }),
  z.object({ phase: z.literal('failed'), error: wireErrorSchema }),
])
export type OpenProgress = z.infer<typeof openProgressSchema>

export const saveRequestSchema = z.object({
  /** Why, as it stands in the head; `checkpoint`: somebody wants to come back to this. */
  reason: z.enum(['save', 'checkpoint']).default('save'),
})
export type SaveRequest = z.infer<typeof saveRequestSchema>

export const saveProgressSchema = z.discriminatedUnion('phase', [
  z.object({ phase: z.literal('scanning'), files: z.int() }),
  z.object({ phase: z.literal('uploading'), doneBytes: z.int(), totalBytes: z.int() }),
  z.object({
    phase: z.literal('done'),
    snapshot: z.string(),
    files: z.int(),
    bytes: z.int(),
    /** What no snapshot can hold; `unsaved`: of that, what holds content. */
    skipped: z.array(z.string()),
    unsaved: z.array(z.string()).optional(),
  }),
  z.object({ phase: z.literal('failed'), error: wireErrorSchema }),
])
export type SaveProgress = z.infer<typeof saveProgressSchema>

/**
 * A sidecar's calls to the control plane (`CONTROL_URL`, or HTTP over `CONTROL_SOCKET`), authorised by its generation's
 * token. Paths are under `/internal`, which the control plane serves on its internal listener only.
 */
export const INTERNAL_ROUTES = {
  /** POST `helloRequestSchema` with the sandbox's boot token: the sidecar is up (Kubernetes; locally the socket file says it). */
  hello: '/internal/hello',
  /** GET → `headResponseSchema`: the repl's newest snapshot. */
  head: '/internal/head',
  /** POST `uploadsRequestSchema` → `uploadsResponseSchema`: pre-signed PUTs for objects that the store lacks. */
  uploads: '/internal/uploads',
  /** POST `downloadsRequestSchema` → `downloadsResponseSchema`: pre-signed GETs. */
  downloads: '/internal/downloads',
  /** POST `commitRequestSchema` → `commitResponseSchema`: makes a manifest the head; 409 if this generation is not the newest. */
  commit: '/internal/commit',
  /** POST: activity, disk use, last save; lines of the state that the page shows. */
  report: '/internal/report',
  /** GET → `checkpointsResponseSchema`; POST `checkpointRequestSchema` → `checkpointSchema`: what can be gone back to. */
  checkpoints: '/internal/checkpoints',
  /** POST `restoreByIdSchema` → `{undo}`: brings a snapshot back, through the sidecar that asks. */
  restores: '/internal/restores',
  /** POST `agentCallsReportSchema`: what agents do, as it begins and as it ends. */
  agentCalls: '/internal/agent-calls',
  /** POST `agentLinkSchema` → `agentLinkAnswerSchema`: addresses that an agent is given. */
  agentLinks: '/internal/agent-links',
  /** POST `agentStopSchema`: stops the asker's repl, as that person would. */
  agentStops: '/internal/agent-stops',
  /** GET, PUT `/internal/objects/<key>?…`: the disk adapter's pre-signed URLs. */
  objects: '/internal/objects/',
} as const

export const helloRequestSchema = z.object({
  sandbox: sandboxIdSchema,
  /** Where the pod's parts listen: an IP address. */
  address: z.union([z.ipv4(), z.ipv6()]),
})

export const restoreRequestSchema = z.object({
  manifest: objectNameSchema,
  /** Only this folder of the volume; both if neither this nor `paths` is given. */
  root: z.enum(['workspace', 'home']).optional(),
  /** Only these, relative to `root` (`workspace` by default). A folder means all in it; what the snapshot lacks is removed. */
  paths: z.array(workspacePathSchema.min(1)).min(1).optional(),
  /** The snapshot that undoes it: files that are not as it says were written after it was saved, and stay as they are. */
  undo: objectNameSchema.optional(),
})
export type RestoreRequest = z.infer<typeof restoreRequestSchema>

export const restoreProgressSchema = z.discriminatedUnion('phase', [
  z.object({ phase: z.literal('restoring'), doneFiles: z.int(), totalFiles: z.int() }),
  z.object({
    phase: z.literal('done'),
    /** How many files were written, and how many entries (folders too) were removed. */
    written: z.int(),
    removed: z.int(),
  }),
  z.object({ phase: z.literal('failed'), error: wireErrorSchema }),
])
export type RestoreProgress = z.infer<typeof restoreProgressSchema>

export const uploadsRequestSchema = z.object({
  objects: z
    .array(z.object({ name: objectNameSchema, bytes: z.int().positive(), sha256: z.string().regex(/^[0-9a-f]{64}$/) }))
    .max(500),
})
export const uploadsResponseSchema = z.object({
  /** In the order asked; `null`: the store has it already. */
  uploads: z.array(presignedSchema.nullable()),
})
export const downloadsRequestSchema = z.object({ objects: z.array(objectNameSchema).max(500) })
export const downloadsResponseSchema = z.object({ downloads: z.array(presignedSchema) })
export const commitRequestSchema = z.object({
  manifest: objectNameSchema,
  /** The head's version that this snapshot follows. */
  ifMatch: z.string().nullable(),
  files: z.int(),
  bytes: z.int(),
  reason: z.enum(['auto', 'save', 'checkpoint', 'stop']),
})
export const commitResponseSchema = z.object({ etag: z.string() })
export const checkpointSchema = z.object({
  id: z.string(),
  savedAt: z.number(),
  reason: z.string(),
  files: z.int(),
  bytes: z.int(),
  name: z.string().exactOptional(),
  actor: z.string().exactOptional(),
})
export const checkpointsResponseSchema = z.object({ checkpoints: z.array(checkpointSchema) })
export const checkpointRequestSchema = z.object({
  /** `before-agent`: taken by us before an agent's first change, so that its run can be undone. */
  reason: z.enum(['checkpoint', 'before-agent']),
  name: displayNameSchema.exactOptional(),
  actor: z.string().max(200),
})
export const restoreByIdSchema = z.object({
  id: z.string().max(100),
  paths: z.array(workspacePathSchema.min(1)).min(1).max(1000).exactOptional(),
  actor: z.string().max(200),
})
export const reportRequestSchema = z.object({
  usedBytes: z.int().optional(),
  /** Milliseconds since the epoch of the last work seen (output, processes, CPU), for the idle rule. */
  activeAt: z.number().optional(),
  /** Which it was. */
  work: workSchema.optional(),
  /** Since when nothing could be backed up; `null` when all is well. */
  unsavedSince: z.number().nullable().optional(),
})
