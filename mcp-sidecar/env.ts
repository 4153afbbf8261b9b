import { z } from 'zod'
import { sandboxIdSchema } from '#protocol/ids.ts'

const settings = z
  .object({
    /** Unix socket to listen on. */
    SIDECAR_SOCKET: z.string().min(1),
    /** Unix socket of the sandbox's runner. */
    RUNNER_SOCKET: z.string().min(1),
    /** Holds `workspace/` and `home/`. */
    VOLUME_DIR: z.string().min(1),
    /** The sidecar's own index and markers, out of the user's reach. */
    STATE_DIR: z.string().min(1),
    /** Where the control plane's internal listener is: one of the two. */
    CONTROL_SOCKET: z.string().min(1).optional(),
    CONTROL_URL: z.url({ protocol: /^https?$/ }).optional(),
    /** PEM (SPKI), newlines as `\n`. */
    CONTROL_PUBLIC_KEY: z.string().transform((pem) => pem.replaceAll(String.raw`\n`, '\n')),
    SANDBOX_ID: sandboxIdSchema,
  })
  .refine((env) => (env.CONTROL_SOCKET === undefined) !== (env.CONTROL_URL === undefined), {
    error: 'set one of CONTROL_SOCKET and CONTROL_URL',
  })

export interface SidecarEnv {
  sidecarSocket: string
  runnerSocket: string
  volumeDir: string
  stateDir: string
  control: { socket: string } | { url: string }
  controlPublicKey: string
  sandboxId: string
}

/** The sidecar's settings; throws with the variable that is wrong. */
export function readEnv(variables: NodeJS.ProcessEnv = process.env): SidecarEnv {
  const parsed = settings.safeParse(variables)
  if (!parsed.success) throw new Error(`The sidecar's environment is wrong. ${z.prettifyError(parsed.error)}`)
  const env = parsed.data
  return {
    sidecarSocket: env.SIDECAR_SOCKET,
    runnerSocket: env.RUNNER_SOCKET,
    volumeDir: env.VOLUME_DIR,
    stateDir: env.STATE_DIR,
    control: env.CONTROL_SOCKET === undefined ? { url: env.CONTROL_URL ?? '' } : { socket: env.CONTROL_SOCKET },
    controlPublicKey: env.CONTROL_PUBLIC_KEY,
    sandboxId: env.SANDBOX_ID,
  }
}
