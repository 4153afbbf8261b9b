import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'node:tls'
import type { TLSSocket } from 'node:tls'
import { onTestFinished } from 'vitest'
import { newSandboxId } from '#protocol/ids.ts'
import { createTokens, newSigningKey } from '#server/auth/tokens.ts'
import { temporaryAuthority } from '#server/certificates/_temporary-authority.ts'
import { AdoptedSandbox } from '../../mcp-sidecar/adopt.ts'
import { createAuthorize } from '../../mcp-sidecar/authorize.ts'
import { ControlTunnel } from '../../mcp-sidecar/control-tunnel.ts'
import { listen } from '../../mcp-sidecar/server.ts'

export const tokens = createTokens(newSigningKey())

/** A sidecar as in a pod: over TLS only, its calls to the control plane through connections that are opened to it. */
export async function startSidecar() {
  const sandboxId = newSandboxId()
  const { authority: ca } = await temporaryAuthority()
  const folder = await mkdtemp(join(tmpdir(), 'devex-pod-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const servername = `sidecar.${sandboxId}.sandbox.devex`
  const renew = async () => {
    const { cert, key } = await ca.issue({ names: [servername], ms: 60_000 })
    await writeFile(join(folder, 'tls.crt'), cert)
    await writeFile(join(folder, 'tls.key'), key)
  }
  await renew()
  const tunnel = new ControlTunnel()
  const options = {
    listen: { tls: { address: { host: '127.0.0.1', port: 0 }, folder } },
    sandboxId,
    sandbox: new AdoptedSandbox({
      sandboxId,
      makeWorkspace: () => {
        throw new Error('nobody adopts it here')
      },
      log: () => undefined,
    }),
    authorize: createAuthorize({ publicKeyPem: tokens.publicKey, sandboxId }),
    mcp: () => Promise.reject(new Error('no agent comes here')),
    tunnel,
  }
  const server = await listen(options)
  onTestFinished(() => server[Symbol.asyncDispose]())
  const trust = await ca.trust()
  const dial = async (options: { servername?: string; ca?: string } = {}): Promise<TLSSocket> => {
    const socket = connect({ port: server.tlsPort ?? 0, host: '127.0.0.1', servername, ca: trust, ...options })
    onTestFinished(() => void socket.destroy())
    await once(socket, 'secureConnect')
    return socket
  }
  return { sandboxId, tunnel, dial, renew, port: server.tlsPort ?? 0 }
}
