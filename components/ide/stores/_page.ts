import type { ToastInput } from '#components/ui/toast-store.ts'
import type { FakeRunner } from './_fake-runner.ts'
import { FakeAgents } from './_fake-agents.ts'
import { FakeHistory } from './_fake-history.ts'
import { ACCOUNT, FakeApi, replView } from './_repl-view.ts'
import { MemoryDrafts } from './drafts.ts'
import { Workbench } from './workbench.ts'
import type { WorkbenchOptions } from './workbench.ts'

/** The page of a REPL whose line leads to `runner`: running, for an editor, unless said otherwise. */
export function openPage(runner: FakeRunner, over: Partial<WorkbenchOptions> & { api?: FakeApi } = {}) {
  const { api = new FakeApi(replView({ kind: 'running', since: 0 }, { role: 'editor' })) } = over
  const toasts: ToastInput[] = []
  const workbench = new Workbench({
    view: api.view,
    account: ACCOUNT,
    api,
    historyApi: new FakeHistory(),
    agentsApi: new FakeAgents(),
    drafts: new MemoryDrafts(),
    storage: undefined,
    socketUrl: runner.url,
    ticketUrl: async () => '',
    notify: (toast) => toasts.push(toast),
    ...over,
  })
  workbench.open()
  return {
    workbench,
    toasts,
    async [Symbol.asyncDispose]() {
      workbench.close()
      await runner[Symbol.asyncDispose]()
    },
  }
}
