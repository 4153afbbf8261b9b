import type { ToastInput } from '#components/ui/toast-store.ts'
import type { EventData, requests } from '#protocol/messages.ts'
import type { z } from 'zod'
import type { Connection } from './connection.ts'
import { Store } from './store.ts'

export type DiskUse = EventData<'disk.changed'>
export type LargestFolders = z.output<(typeof requests)['disk.largest']['result']>['folders']

const WARNINGS = {
  warning: { title: 'The disk of this REPL is nearly full.', description: 'See at the bottom what takes it up.' },
  full: {
    title: 'The disk of this REPL is full.',
    description: 'Nothing more can be saved. See at the bottom what takes it up.',
    tone: 'failed',
  },
} as const satisfies Record<string, ToastInput>

/** What the REPL's files take up, as its runner tells; says so when it gets too much. */
export class Disk {
  /** As told last; absent before that. */
  readonly use = new Store<DiskUse | undefined>(undefined)
  readonly #connection: Connection

  constructor(connection: Connection, notify: (toast: ToastInput) => void) {
    this.#connection = connection
    connection.on('disk.changed', (use) => {
      const before = this.use.getSnapshot()?.state
      this.use.set(use)
      if (use.state !== 'ok' && use.state !== before) notify(WARNINGS[use.state])
    })
  }

  /** The largest folders, the largest first. */
  async largest(): Promise<LargestFolders> {
    return (await this.#connection.request('disk.largest', {})).folders
  }
}
