import { AppError } from '#server/errors.ts'
import type { CertificateAuthority } from '#server/certificates/certificate-authority.ts'
import type { KubeClient } from '../client.ts'
import { PORTS, ingressHost, serverName } from '../names.ts'
import type { ClusterSettings } from '../settings.ts'
import { forwardPort } from './forward-port.ts'
import type { Reach } from './reach.ts'
import { secure } from './secure.ts'

interface ReachDeps {
  client: KubeClient
  authority: Pick<CertificateAuthority, 'trust'>
  settings: ClusterSettings
}

/** The way to pods that the settings name. */
export function createReach({ client, authority, settings }: ReachDeps): Reach {
  switch (settings.reach) {
    case 'pod':
      return {
        connect: async ({ sandboxId, part, port, address }) => {
          if (address === undefined) throw new AppError('unavailable', `The sandbox ${sandboxId} has no address yet.`)
          return await secure({
            over: { host: address, port },
            servername: serverName(sandboxId, part),
            ca: await authority.trust(),
            what: `The ${part} of sandbox ${sandboxId}`,
          })
        },
      }
    case 'port-forward':
      return {
        connect: async ({ sandboxId, part, port, pod }) => {
          const what = `The ${part} of sandbox ${sandboxId}`
          const ca = await authority.trust()
          const connection = await forwardPort(client, { namespace: settings.namespace, pod, port, what })
          return await secure({ over: { connection }, servername: serverName(sandboxId, part), ca, what })
        },
      }
    case 'ingress':
      return throughIngress({ authority, settings })
  }
}

/** TLS passes through the ingress controller, which goes by the name that is asked for: the certificate has it too. */
function throughIngress({ authority, settings }: Omit<ReachDeps, 'client'>): Reach {
  const { ingress } = settings
  if (ingress === undefined) {
    throw new AppError('bad_request', 'REACH=ingress needs SANDBOX_INGRESS_DOMAIN.', {
      advice:
        'Example: SANDBOX_INGRESS_DOMAIN=sandboxes.example.com, a wildcard host that leads to the ingress controller.',
    })
  }
  return {
    connect: async ({ sandboxId, part, port }) => {
      const host = ingressHost(sandboxId, port === PORTS.saver ? 'saver' : part, ingress.domain)
      return await secure({
        over: { host: ingress.address ?? host, port: ingress.port },
        servername: host,
        ca: await authority.trust(),
        what: `The ${part} of sandbox ${sandboxId}`,
      })
    },
  }
}
