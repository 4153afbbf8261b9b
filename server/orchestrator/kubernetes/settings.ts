/** What an installation decides about its sandboxes in the cluster. */
export interface ClusterSettings {
  namespace: string
  image: {
    registry: string
    tag: string
    pullPolicy: 'Always' | 'IfNotPresent' | 'Never'
    pullSecret?: string | undefined
  }
  /** A sandboxed runtime (gVisor, Kata). */
  runtimeClass?: string | undefined
  /** A volume of this class for each sandbox instead of the node's disk. */
  storageClass?: string | undefined
  /** Further authorities (PEM) for the object store. */
  extraCa?: string | undefined
  reach: 'pod' | 'port-forward' | 'ingress'
  /** How pods reach the control plane's internal listener; without it, the control plane opens connections for their calls. */
  internalUrl?: string | undefined
  ingress?:
    | {
        domain: string
        port: number
        address?: string | undefined
        className?: string | undefined
        annotations: Record<string, string>
      }
    | undefined
  network: {
    /** Namespace of the control plane, whose pods may call in. */
    controlPlaneNamespace: string
    /** Addresses of a control plane outside the cluster, that may call in. */
    callersFrom: string[]
    /** Namespace of the ingress controller, where calls come through one. */
    ingressNamespace?: string | undefined
    /** `CIDR` or `CIDR:port` that sandboxes may call although it is private. */
    egressAllow: string[]
    /** Addresses of pods, services and nodes that are not private ones. */
    clusterCidrs: string[]
  }
}
