/** Long enough to read; longer where there is something to click. */
const SHOW_MS = 5000
const SHOW_WITH_ACTION_MS = 10_000
/** More than so many at once helps nobody: the oldest go. */
const MAX_TOASTS = 3

export interface ToastInput {
  title: string
  description?: string
  tone?: 'neutral' | 'ok' | 'failed'
  action?: { label: string; onAct: () => void }
}

export interface ShownToast extends ToastInput {
  id: number
  durationMs: number
}

export interface ToastStore {
  subscribe: (listener: () => void) => () => void
  getSnapshot: () => readonly ShownToast[]
  /** Shows it; the answer is for `dismiss`. */
  show: (toast: ToastInput) => number
  dismiss: (id: number) => void
}

/** The messages that are on the page now, newest last. */
export function createToastStore(): ToastStore {
  let toasts: readonly ShownToast[] = []
  let lastId = 0
  const listeners = new Set<() => void>()

  function set(next: readonly ShownToast[]): void {
    toasts = next
    for (const listener of listeners) listener()
  }

  return {
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    getSnapshot: () => toasts,
    show(toast) {
      lastId += 1
      const durationMs = toast.action === undefined ? SHOW_MS : SHOW_WITH_ACTION_MS
      set([...toasts, { ...toast, id: lastId, durationMs }].slice(-MAX_TOASTS))
      return lastId
    },
    dismiss(id) {
      set(toasts.filter((toast) => toast.id !== id))
    },
  }
}
