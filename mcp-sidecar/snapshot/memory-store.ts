import type { ControlPlane } from '../control-plane-client.ts'
import { SidecarError } from '../sidecar-error.ts'

/** A control plane whose store is this process, for rehearsals and tests. `objects`: what lies in it, by name. */
export function memoryStore(objects = new Map<string, Buffer>()): ControlPlane {
  let head: { manifest: string | null; etag: string | null } = { manifest: null, etag: null }
  return {
    head: async () => head,
    upload: async (name, bytes) => void objects.set(name, Buffer.from(bytes)),
    download: async (name, { range }) => {
      const bytes = objects.get(name)
      if (bytes === undefined) throw new SidecarError('not_found', name)
      return range === undefined ? bytes : bytes.subarray(range.first, range.last + 1)
    },
    announceDownloads: async () => undefined,
    commit: async ({ manifest }) => {
      head = { manifest, etag: manifest }
      return manifest
    },
    report: async () => undefined,
    ask: () => Promise.reject(new SidecarError('not_supported', 'Nothing else can be asked.')),
    [Symbol.dispose]: () => undefined,
  }
}
