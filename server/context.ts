import { createAuth } from '#server/auth/auth.ts'
import { loadSigningKey } from '#server/auth/keys.ts'
import { createSecretBox } from '#server/auth/secret-box.ts'
import { createTokens } from '#server/auth/tokens.ts'
import { createGateway } from '#server/gateway/gateway.ts'
import { DISK_OBJECTS_PATH, serveDiskObject } from '#server/object-store/disk-presigned.ts'
import { objectKeyOf, openObjectStore, openStateStore } from '#server/open-stores.ts'
import { openLocalOrchestrator } from '#server/orchestrator/local.ts'
import { createDomain } from '#server/repls/create-repls.ts'
import { createWorkspaceHistory } from '#server/workspaces/history/workspace-history.ts'
import { createInternalApi } from '#server/workspaces/internal-api.ts'
import { createSidecarClient } from '#server/workspaces/sidecar-client.ts'
import { createTemplates } from '#server/workspaces/load-templates.ts'
import { createWorkspaces } from '#server/workspaces/create-workspaces.ts'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Auth } from '#server/auth/auth.ts'
import type { Authenticator } from '#server/auth/principal.ts'
import type { Env } from '#server/env.ts'
import type { Gateway } from '#server/gateway/gateway.ts'
import type { Log } from '#server/log.ts'
import type { Orchestrator } from '#server/orchestrator/orchestrator.ts'
import type { History } from '#server/repls/history.ts'
import type { Access, Lifecycle, Repls, Shares } from '#server/repls/repls.ts'
import type { Templates } from '#server/workspaces/templates.ts'

/** What procedures are served with. */
export interface ApiContext {
  env: Env
  log: Log
  auth: Authenticator
  access: Access
  repls: Repls
  history: History
  shares: Shares
  templates: Templates
}

/** What pages and route handlers are served with. Made once by `createContext`, passed in, never imported. */
export interface Context extends ApiContext {
  auth: Auth
  /** Where browsers reach the app. */
  readonly publicUrl: () => URL
  /** Which ways to sign in this browser is offered (decided by settings, and for `local` by its one-time-URL cookie). */
  signInOptions(cookieHeader: string | null): Promise<{ github: boolean; local: boolean }>
}

/** The running application: what pages see, and what only `main.ts` handles. Disposing closes it; sandboxes go on. */
export interface Application extends AsyncDisposable {
  context: Context
  gateway: Gateway
  lifecycle: Lifecycle
  orchestrator: Orchestrator
  /** Serves sidecars, on the internal listener only. */
  internalApi: (request: IncomingMessage, response: ServerResponse) => void
}

/** What an application is made from. `main.ts` knows these before anything else can be opened. */
export interface Foundations {
  env: Env
  log: Log
  dataFolder: string
  secret: string
  /** The internal listener's Unix socket. */
  controlSocket: string
  /** Folder of the built runner and sidecar, and of the templates. */
  sandboxBundle: string
  templatesFolder: string
  publicUrl: () => URL
}

/** Settings → adapters → services: the one place where a provider is chosen. */
export async function createContext(foundations: Foundations): Promise<Application> {
  const { env, log, publicUrl } = foundations
  await using opened = new AsyncDisposableStack()
  const box = createSecretBox(foundations.secret)
  const stateStore = opened.use(await openStateStore(env, foundations.dataFolder))
  const objectStore = opened.use(await openObjectStore(env, { folder: foundations.dataFolder, box }))
  const tokens = createTokens(await loadSigningKey(stateStore, box))
  const orchestrator = opened.use(await openOrchestrator(foundations, tokens.publicKey))
  const templates = await createTemplates({
    folder: foundations.templatesFolder,
    probe: (command) => orchestrator.probe(command),
  })
  const domain = opened.use(
    createDomain({
      stateStore,
      orchestrator,
      workspaces: createWorkspaces({ objectStore }),
      history: createWorkspaceHistory({ objectStore, retention: env.retention }),
      sidecar: createSidecarClient({ orchestrator, tokens }),
      templates,
      tokens,
      limits: env,
      log,
    }),
  )
  const auth = createAuth({
    stateStore,
    box,
    github: env.github,
    isLoopback: env.isLoopback,
    isSecure: publicUrl().protocol === 'https:',
    resolveGuest: domain.resolveGuest,
  })
  const { access, repls, history, shares, lifecycle } = domain
  const gateway = opened.use(
    createGateway({
      publicUrl,
      previewDomain: env.PREVIEW_DOMAIN ?? 'localhost',
      auth,
      access,
      lifecycle,
      orchestrator,
      tokens,
      stateStore,
      previewKey: box.derive('preview-cookie'),
      log,
    }),
  )
  const context: Context = {
    env,
    log,
    auth,
    access,
    repls,
    history,
    shares,
    templates,
    publicUrl,
    signInOptions: (cookieHeader) => auth.signInOptions(cookieHeader),
  }
  const sidecarApi = createInternalApi({
    objectStore,
    tokens,
    events: domain.workspaceEvents,
    history: domain.history.ofSandbox,
    retention: env.retention,
    log,
  })
  const presigned =
    env.objectStore.provider === 'disk' ? { store: objectStore, signingKey: objectKeyOf(box) } : undefined
  const owned = opened.move()
  return {
    context,
    gateway,
    lifecycle,
    orchestrator,
    internalApi: (request, response) => {
      if (presigned !== undefined && request.url?.startsWith(DISK_OBJECTS_PATH) === true) {
        void serveDiskObject(presigned, request, response)
      } else sidecarApi(request, response)
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

function openOrchestrator({ env, log, ...rest }: Foundations, publicKey: string): Promise<Orchestrator> {
  return openLocalOrchestrator({
    dataDir: rest.dataFolder,
    sandboxBundle: rest.sandboxBundle,
    nodeBinary: process.execPath,
    controlSocket: rest.controlSocket,
    publicKey,
    isolation: env.ISOLATION,
    log,
  })
}
