import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as z from 'zod'
import { sandboxIdSchema } from '#protocol/ids.ts'
import { listenAddressSchema } from '#wire/listen-address.ts'
import type { ListenAddress } from '#wire/listen-address.ts'
import type { Introduction } from './hello.ts'

const settings = z
  .object({
    /** Unix socket to listen on. */
    SIDECAR_SOCKET: z.string().min(1).optional(),
    /** In a pod: where it listens, over TLS with the certificate in `TLS_DIR`. */
    SIDECAR_LISTEN: listenAddressSchema.optional(),
    /** `tls.crt`, `tls.key`; `ca.crt`, whose signatures count for the control plane; `boot-token`, for `hello` only. */
    TLS_DIR: z.string().startsWith('/').default('/run/devex/tls'),
    /** Unix socket of the sandbox's runner. */
    RUNNER_SOCKET: z.string().min(1),
    /** Holds `workspace/` and `home/`. */
    VOLUME_DIR: z.string().min(1),
    /** The sidecar's own index and markers, out of the user's reach. */
    STATE_DIR: z.string().min(1),
    /** Where the control plane's internal listener is: one of the three. `true`: it comes to us. */
    CONTROL_SOCKET: z.string().min(1).optional(),
    CONTROL_URL: z.url({ protocol: /^https$/, error: 'the token goes there: it must begin with https:' }).optional(),
    CONTROL_TUNNEL: z.literal('true').optional(),
    /** PEM (SPKI), newlines as `\n`. */
    CONTROL_PUBLIC_KEY: z.string().transform((pem) => pem.replaceAll(String.raw`\n`, '\n')),
    SANDBOX_ID: sandboxIdSchema,
    /** The pod's address: it is said hello with. */
    POD_IP: z.string().min(1).optional(),
  })
  .refine((env) => env.SIDECAR_SOCKET !== undefined || env.SIDECAR_LISTEN !== undefined, {
    error: 'set SIDECAR_SOCKET or SIDECAR_LISTEN',
  })
  .refine(
    (env) => [env.CONTROL_SOCKET, env.CONTROL_URL, env.CONTROL_TUNNEL].filter((way) => way !== undefined).length === 1,
    { error: 'set one of CONTROL_SOCKET, CONTROL_URL and CONTROL_TUNNEL' },
  )

export interface SidecarEnv {
  listen: { socket?: string; tls?: { address: ListenAddress; folder: string } }
  runnerSocket: string
  volumeDir: string
  stateDir: string
  control: { socket: string } | { url: string; ca?: () => string } | 'tunnel'
  controlPublicKey: string
  sandboxId: string
  /** With whom to begin, if anybody is to be told. */
  hello: Introduction | undefined
}

/** The sidecar's settings; throws with the variable that is wrong. */
export function readEnv(variables: NodeJS.ProcessEnv = process.env): SidecarEnv {
  const parsed = settings.safeParse(variables)
  if (!parsed.success) throw new Error(`The sidecar's environment is wrong. ${z.prettifyError(parsed.error)}`)
  const env = parsed.data
  return {
    listen: {
      ...(env.SIDECAR_SOCKET !== undefined && { socket: env.SIDECAR_SOCKET }),
      ...(env.SIDECAR_LISTEN !== undefined && { tls: { address: env.SIDECAR_LISTEN, folder: env.TLS_DIR } }),
    },
    runnerSocket: env.RUNNER_SOCKET,
    volumeDir: env.VOLUME_DIR,
    stateDir: env.STATE_DIR,
    control: controlOf(env),
    controlPublicKey: env.CONTROL_PUBLIC_KEY,
    sandboxId: env.SANDBOX_ID,
    hello: introductionOf(env),
  }
}

type Parsed = z.output<typeof settings>

function controlOf(env: Parsed): SidecarEnv['control'] {
  if (env.CONTROL_SOCKET !== undefined) return { socket: env.CONTROL_SOCKET }
  if (env.CONTROL_URL === undefined) return 'tunnel'
  const file = join(env.TLS_DIR, 'ca.crt')
  // Each time anew: it is renewed in place.
  return { url: env.CONTROL_URL, ...(existsSync(file) && { ca: () => readFileSync(file, 'utf8') }) }
}

function introductionOf(env: Parsed): Introduction | undefined {
  const bootToken = readIfThere(join(env.TLS_DIR, 'boot-token'))
  if (env.CONTROL_URL === undefined || env.POD_IP === undefined || bootToken === undefined) return undefined
  return { sandbox: env.SANDBOX_ID, address: env.POD_IP, bootToken }
}

function readIfThere(file: string): string | undefined {
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined
}
