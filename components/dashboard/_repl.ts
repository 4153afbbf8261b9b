import type { ReplView } from '#server/repls/views.ts'

/** A repl for tests. */
export function replWith(over: Partial<ReplView> = {}): ReplView {
  return {
    id: 'r000000000000001',
    name: 'api',
    template: 'node',
    source: { kind: 'template' },
    state: { kind: 'stopped' },
    generation: 1,
    role: 'owner',
    owner: { id: 'u1', name: 'Ada' },
    createdAt: 1,
    lastUsedAt: 1,
    publicPorts: [],
    isolation: {
      level: 'bubblewrap',
      summary: 'Own files, processes and network; the kernel is shared.',
      network: 'separate',
      enforced: { memory: true, cpu: true, processes: true },
    },
    ...over,
  }
}
