import { expect, test } from 'vitest'
import { createToastStore } from '#components/ui/toast-store.ts'

test('shows the newest three, one with something to click for longer', () => {
  const store = createToastStore()
  let calls = 0
  const stop = store.subscribe(() => (calls += 1))
  for (const title of ['one', 'two', 'three']) store.show({ title })
  store.show({ title: 'four', action: { label: 'Undo', onAct: () => {} } })
  stop()
  store.dismiss(2)
  expect(calls).toBe(4)
  expect(store.getSnapshot().map((toast) => [toast.title, toast.durationMs])).toEqual([
    ['three', 5000],
    ['four', 10_000],
  ])
})
