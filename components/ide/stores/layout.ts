import { z } from 'zod'
import { DEVICE_NAMES } from '../preview/devices.ts'
import { Store } from './store.ts'

export const SIDE_VIEWS = ['files', 'search', 'git', 'history', 'agents', 'ports', 'processes'] as const
export const PHONE_PANES = ['files', 'editor', 'terminal', 'preview'] as const

const tabsSchema = z.object({
  tabs: z.array(z.object({ path: z.string(), isPreview: z.boolean() })).default([]),
  active: z.string().nullable().default(null),
})
const groupSchema = tabsSchema.extend({ id: z.int().positive() })

const layoutSchema = z.object({
  /** Groups of tabs from the left, and the one that takes what is opened. */
  groups: z.array(groupSchema).default([]),
  activeGroup: z.int().default(1),
  expanded: z.array(z.string()).default([]),
  /** Which view the side panel shows; `null`: the panel is closed. */
  side: z.enum(SIDE_VIEWS).nullable().default('files'),
  isPanelOpen: z.boolean().default(true),
  /** The terminal that was looked at, and those that stood side by side. */
  terminals: z
    .object({ active: z.string().nullable(), splits: z.array(z.array(z.string()).readonly()).readonly() })
    .default({ active: null, splits: [] }),
  /** What is typed for the next commit. */
  commitMessage: z.string().default(''),
  /** Port of the preview that was open. */
  previewPort: z.int().nullable().default(null),
  /** As what the preview is looked at. */
  device: z.enum(DEVICE_NAMES).default('fill'),
  pane: z.enum(PHONE_PANES).default('editor'),
  /** Panel sizes in percent, by group and panel. */
  sizes: z.record(z.string(), z.record(z.string(), z.number())).default({}),
})
/** From before there were groups: its tabs are the first one's. */
const storedSchema = layoutSchema.extend(tabsSchema.shape).transform(({ tabs, active, ...layout }) => {
  const isOld = layout.groups.length === 0 && tabs.length > 0
  return isOld ? { ...layout, groups: [{ id: 1, tabs, active }] } : layout
})

export type Layout = z.output<typeof layoutSchema>
export type SideView = (typeof SIDE_VIEWS)[number]
export type PhonePane = (typeof PHONE_PANES)[number]

/** The part of `localStorage` that is needed. */
export interface Storage {
  getItem(key: string): string | null
  setItem(key: string, value: string): void
}

/** Remembers per REPL how the workbench was left. What is stored and no longer fits is forgotten. */
export class LayoutMemory {
  readonly layout: Store<Layout>
  /** Whether there was anything to remember. */
  readonly isFirstVisit: boolean
  readonly #key: string
  readonly #storage: Storage | undefined

  constructor(replId: string, storage: Storage | undefined) {
    this.#key = `devex.layout.${replId}`
    this.#storage = storage
    const stored = this.#read()
    this.isFirstVisit = stored === undefined
    this.layout = new Store<Layout>(stored ?? layoutSchema.parse({}))
    this.layout.subscribe(() => this.#write())
  }

  patch(change: Partial<Layout>): void {
    this.layout.update((layout) => ({ ...layout, ...change }))
  }

  #read(): Layout | undefined {
    try {
      const text = this.#storage?.getItem(this.#key)
      return text == null ? undefined : storedSchema.safeParse(JSON.parse(text)).data
    } catch {
      return undefined
    }
  }

  #write(): void {
    try {
      this.#storage?.setItem(this.#key, JSON.stringify(this.layout.getSnapshot()))
    } catch {
      // Storage is full or forbidden: the layout then lasts as long as the page.
    }
  }
}
