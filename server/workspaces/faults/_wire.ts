import { z } from 'zod'

/** What a control plane that is to be killed is started with, as JSON in its first argument. */
export const settingsSchema = z.object({
  dataFolder: z.string(),
  controlSocket: z.string(),
  /** 0: a free one. */
  port: z.int(),
  /** How long it waits for a start. */
  patienceMs: z.int(),
  env: z.record(z.string(), z.string()),
})
export type Settings = z.infer<typeof settingsSchema>

/** What it is told to do. */
export const askSchema = z.object({
  id: z.int(),
  call: z.enum(['create', 'start', 'running', 'stop', 'save', 'state', 'view', 'delete', 'stop-all']),
  replId: z.string(),
})
export type Ask = z.infer<typeof askSchema>

/** What it says: first that it is ready, then an answer for each question. */
export const toldSchema = z.union([
  z.object({ port: z.int(), userId: z.string(), cookie: z.string() }),
  z.object({ id: z.int(), error: z.string() }),
  z.object({ id: z.int(), result: z.unknown() }),
])
export type Told = z.infer<typeof toldSchema>
