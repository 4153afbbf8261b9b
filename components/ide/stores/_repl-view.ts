import type { WireError } from '#protocol/errors.ts'
import type { AccountView, ReplStateView, ReplView } from '#server/repls/views.ts'
import type { ReplApi } from './repl.ts'

/** A REPL as the control plane shows it. */
export function replView(state: ReplStateView, over: Partial<ReplView> = {}): ReplView {
  return {
    id: 'r000000000000000',
    name: 'orbit',
    template: 'node',
    source: { kind: 'template' },
    state,
    generation: 1,
    role: 'owner',
    owner: { id: 'u000000000000000', name: 'Ada' },
    createdAt: 0,
    lastUsedAt: 0,
    publicPorts: [],
    isolation: {
      level: 'none',
      summary: '',
      network: 'shared',
      enforced: { memory: false, cpu: false, processes: false },
    },
    ...over,
  }
}

export const ACCOUNT: AccountView = {
  id: 'u000000000000000',
  name: 'Ada',
  kind: 'user',
  hasAvatar: false,
  isAdmin: false,
  limits: { repls: 20, running: 5 },
  isLocal: true,
}

/** An API that counts starts and lets a test push what the watch tells. */
export class FakeApi implements ReplApi {
  starts = 0
  refreshes = 0
  watches = 0
  view: ReplView
  /** What everything that is asked for fails with. */
  refusal: WireError | undefined
  listeners: Parameters<ReplApi['watch']>[0] | undefined

  constructor(view: ReplView) {
    this.view = view
  }

  watch(listeners: Parameters<ReplApi['watch']>[0]): () => void {
    this.watches += 1
    this.listeners = listeners
    return () => {
      this.listeners = undefined
    }
  }

  push(view: ReplView): void {
    this.view = view
    this.listeners?.changed(view)
  }

  async get(): Promise<ReplView> {
    this.refreshes += 1
    if (this.refusal !== undefined) throw new Error(this.refusal.message)
    return this.view
  }

  async start(): Promise<ReplView> {
    this.starts += 1
    const isStopping = this.view.state.kind === 'stopping'
    const state = isStopping ? ({ kind: 'stopping', next: 'start' } as const) : ({ kind: 'starting' } as const)
    this.view = { ...this.view, state: { ...state, phases: [] } }
    return this.view
  }

  async stop(): Promise<ReplView> {
    if (this.refusal !== undefined) throw new Error(this.refusal.message)
    this.view = { ...this.view, state: { kind: 'stopping', phases: [] } }
    return this.view
  }

  async rename(name: string): Promise<ReplView> {
    if (this.refusal !== undefined) throw new Error(this.refusal.message)
    return { ...this.view, name }
  }

  async delete(): Promise<ReplView> {
    this.view = { ...this.view, state: { kind: 'deleted', purgeAt: 0 } }
    return this.view
  }

  async restore(): Promise<ReplView> {
    this.view = { ...this.view, state: { kind: 'stopped' } }
    return this.view
  }

  async keep(): Promise<ReplView> {
    const { isEphemeral: _, expiresAt: __, ...view } = this.view
    return view
  }

  async keepAwake(minutes: number): Promise<ReplView> {
    return { ...this.view, awakeUntil: minutes * 60_000 }
  }

  async setPortPublic(port: number): Promise<ReplView> {
    return { ...this.view, publicPorts: [port] }
  }

  errorOf(): WireError {
    return this.refusal ?? { code: 'unauthenticated', message: 'Sign in first.' }
  }
}
