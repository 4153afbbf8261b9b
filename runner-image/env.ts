import { createPublicKey } from 'node:crypto'
import * as z from 'zod'
import { sandboxIdSchema } from '#protocol/ids.ts'
import { listenAddressSchema } from '#wire/listen-address.ts'

const publicKey = z
  .string()
  .transform((pem) => pem.replaceAll('\\n', '\n'))
  .refine(isPublicKey, 'not a public key in PEM (SPKI)')

const runnerEnvSchema = z.object({
  RUNNER_SOCKET: z.string().min(1).max(107, 'longer than a Unix socket address may be (107 bytes)'),
  /** Where it serves gRPC to the sidecar; beside `RUNNER_SOCKET` by default. */
  RUNNER_GRPC_SOCKET: z.string().min(1).max(107).optional(),
  /** In a pod: where the control plane reaches it, over TLS with the certificate in `TLS_DIR`. */
  RUNNER_LISTEN: listenAddressSchema.optional(),
  TLS_DIR: z.string().startsWith('/').default('/run/devex/tls'),
  CONTROL_PUBLIC_KEY: publicKey,
  SANDBOX_ID: sandboxIdSchema,
  WORKSPACE_DIR: z.string().startsWith('/'),
  HOME: z.string().startsWith('/'),
  PATH: z.string().min(1).default('/usr/local/bin:/usr/bin:/bin'),
})

/** The environment of a runner: where it listens, whose tokens it believes, where the files are. Nothing in it is secret. */
export type RunnerEnv = z.output<typeof runnerEnvSchema>

/** Reads `source`; throws with every variable that is wrong, named. */
export function readEnv(source: Record<string, string | undefined>): RunnerEnv {
  const parsed = runnerEnvSchema.safeParse(source)
  if (parsed.success) return parsed.data
  throw new Error(parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('\n'))
}

/** The environment of this process. */
export function processEnv(): RunnerEnv {
  return readEnv(process.env)
}

function isPublicKey(pem: string): boolean {
  try {
    createPublicKey(pem)
    return true
  } catch {
    return false
  }
}
