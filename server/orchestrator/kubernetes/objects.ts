import { z } from 'zod'

/** The parts of objects of the cluster that we read. Everything else in them is the cluster's own business. */

const metadataSchema = z.object({
  name: z.string(),
  uid: z.string(),
  resourceVersion: z.string(),
  labels: z.record(z.string(), z.string()).default({}),
  annotations: z.record(z.string(), z.string()).default({}),
  creationTimestamp: z.string(),
  /** When it is to be gone: the time at which that was asked for, and the grace. */
  deletionTimestamp: z.string().optional(),
  deletionGracePeriodSeconds: z.int().default(0),
})

const endedSchema = z.object({ exitCode: z.int().optional(), reason: z.string().optional() })
const stateSchema = z
  .object({
    running: z.object({}).optional(),
    waiting: z.object({ reason: z.string().optional(), message: z.string().optional() }).optional(),
    terminated: endedSchema.optional(),
  })
  .default({})
const containerStatusSchema = z.object({
  name: z.string(),
  image: z.string().default(''),
  restartCount: z.int().default(0),
  state: stateSchema,
  lastState: stateSchema,
})

export const podSchema = z.object({
  metadata: metadataSchema,
  status: z
    .object({
      phase: z.string().default('Pending'),
      reason: z.string().optional(),
      message: z.string().optional(),
      podIP: z.string().optional(),
      conditions: z
        .array(
          z.object({
            type: z.string(),
            status: z.string(),
            reason: z.string().optional(),
            message: z.string().optional(),
          }),
        )
        .default([]),
      containerStatuses: z.array(containerStatusSchema).default([]),
      ephemeralContainerStatuses: z.array(containerStatusSchema).default([]),
    })
    .prefault({}),
})
export type Pod = z.output<typeof podSchema>

/** A Service, of which we only read the metadata. */
export const recordSchema = z.object({ metadata: metadataSchema })
export type SandboxRecord = z.output<typeof recordSchema>

export const deploymentSchema = z.object({
  status: z
    .object({
      conditions: z
        .array(z.object({ type: z.string(), status: z.string(), message: z.string().optional() }))
        .default([]),
    })
    .prefault({}),
})

/** A list of objects, each yet to be parsed. */
export const listSchema = z.object({
  metadata: z.object({ resourceVersion: z.string() }),
  items: z.array(z.unknown()),
})

/** One line of a watch: https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes */
export const watchEventSchema = z.object({
  type: z.enum(['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK', 'ERROR']),
  object: z.unknown(),
})
export const bookmarkSchema = z.object({ metadata: z.object({ resourceVersion: z.string() }) })
export const errorStatusSchema = z.object({ code: z.int().optional(), message: z.string().optional() })
