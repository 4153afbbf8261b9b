'use client'

import { createContext, use, useMemo, useSyncExternalStore } from 'react'
import type { ReactNode } from 'react'
import { Toast as Radix } from 'radix-ui'
import { Toast } from '#components/ui/toast.tsx'
import { createToastStore } from '#components/ui/toast-store.ts'
import type { ToastStore } from '#components/ui/toast-store.ts'

const StoreContext = createContext<ToastStore | undefined>(undefined)

/** Once around the application; gives `useToast` and draws what it shows. */
export function ToasterProvider({ children }: { children: ReactNode }) {
  const store = useMemo(() => createToastStore(), [])
  const toasts = useSyncExternalStore(store.subscribe, store.getSnapshot, store.getSnapshot)
  return (
    <StoreContext value={store}>
      {children}
      <Radix.Provider label="Notification" swipeDirection="down">
        {toasts.map((toast) => (
          <Toast key={toast.id} toast={toast} onClose={() => store.dismiss(toast.id)} />
        ))}
        <Radix.Viewport
          data-slot="toaster"
          className="fixed inset-x-0 bottom-0 z-50 m-0 flex list-none flex-col gap-2 p-4 outline-none sm:left-auto sm:w-96"
        />
      </Radix.Provider>
    </StoreContext>
  )
}

/** Shows a message at the edge of the page: `const { show } = useToast()`. F8 moves focus there. */
export function useToast(): Pick<ToastStore, 'show' | 'dismiss'> {
  const store = use(StoreContext)
  if (store === undefined) throw new Error('useToast needs a ToasterProvider around it')
  return store
}
