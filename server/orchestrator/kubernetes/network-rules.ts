import { PORTS, REACHABLE_LABEL } from './names.ts'
import type { ClusterSettings } from './settings.ts'

/** Private, shared, link-local (cloud metadata among them) and loopback addresses (RFC 6890): nothing of the internet. */
const PRIVATE_V4 = ['10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.168.0.0/16']
const PRIVATE_V6 = ['::1/128', 'fc00::/7', 'fe80::/10']

/** `ingress` and `egress` of a NetworkPolicy for a sandbox. */
export function networkPolicyRules(network: ClusterSettings['network']): { ingress: unknown[]; egress: unknown[] } {
  const { controlPlaneNamespace, callersFrom, ingressNamespace, egressAllow, clusterCidrs } = network
  const controlPlane = {
    ...namespace(controlPlaneNamespace),
    podSelector: { matchLabels: { [REACHABLE_LABEL]: 'true' } },
  }
  return {
    ingress: [
      {
        from: [
          controlPlane,
          ...(ingressNamespace === undefined ? [] : [namespace(ingressNamespace)]),
          ...callersFrom.map((cidr) => ({ ipBlock: { cidr } })),
        ],
        ports: Object.values(PORTS).map((port) => ({ protocol: 'TCP', port })),
      },
    ],
    egress: [
      {
        to: [
          {
            ipBlock: {
              cidr: '0.0.0.0/0',
              except: [...PRIVATE_V4, ...clusterCidrs.filter((cidr) => !cidr.includes(':'))],
            },
          },
          { ipBlock: { cidr: '::/0', except: [...PRIVATE_V6, ...clusterCidrs.filter((cidr) => cidr.includes(':'))] } },
        ],
      },
      {
        to: [{ ...namespace('kube-system'), podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } } }],
        ports: [
          { protocol: 'UDP', port: 53 },
          { protocol: 'TCP', port: 53 },
        ],
      },
      { to: [controlPlane] },
      ...egressAllow.map(allowance),
    ],
  }
}

function namespace(name: string): { namespaceSelector: unknown } {
  return { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': name } } }
}

/** `10.1.2.0/24`, or `10.1.2.3/32:9000` for one port of it. */
function allowance(text: string): unknown {
  const [, cidr, port] = /^(.*\/\d+):(\d+)$/.exec(text) ?? [undefined, text, undefined]
  return {
    to: [{ ipBlock: { cidr } }],
    ...(port !== undefined && { ports: [{ protocol: 'TCP', port: Number(port) }] }),
  }
}
