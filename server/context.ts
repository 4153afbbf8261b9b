import { createAgents } from '#server/agents/agents.ts'
import { createCallLog } from '#server/agents/calls.ts'
import { createConnections } from '#server/agents/connections.ts'
import { createAuth } from '#server/auth/auth.ts'
import { createAccessTokens } from '#server/auth/oauth/access-tokens.ts'
import { createAuthorizationServer } from '#server/auth/oauth/authorization-server.ts'
import { createOauthRecords } from '#server/auth/oauth/records.ts'
import { createKeyring } from '#server/auth/oauth/keyring.ts'
import { keepSigningKey, loadSigningKey } from '#server/auth/keys.ts'
import { createSecretBox } from '#server/auth/secret-box.ts'
import { createTokens } from '#server/auth/tokens.ts'
import { createGateway } from '#server/gateway/gateway.ts'
import { DISK_OBJECTS_PATH, serveDiskObject } from '#server/object-store/disk-presigned.ts'
import { objectKeyOf, openObjectStore, openStateStore } from '#server/open-stores.ts'
import { openLocalOrchestrator } from '#server/orchestrator/local.ts'
import { createDomain } from '#server/repls/create-repls.ts'
import { createWorkspaceHistory } from '#server/workspaces/history/workspace-history.ts'
import { createMetrics } from '#server/metrics/metrics.ts'
import { createAgentLinks } from '#server/gateway/agent-links.ts'
import { createInternalApi } from '#server/workspaces/internal-api.ts'
import { ConnectionsAhead } from '#server/workspaces/connections-ahead.ts'
import { createSidecarCalls } from '#server/workspaces/sidecar-calls.ts'
import { createSidecarClient } from '#server/workspaces/sidecar-client.ts'
import { createTemplates } from '#server/workspaces/load-templates.ts'
import { createWorkspaces } from '#server/workspaces/create-workspaces.ts'
import { openUploads } from '#server/transfers/uploads.ts'
import { readFile } from 'node:fs/promises'
import type { RequestListener } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Agents } from '#server/agents/agents.ts'
import type { Auth } from '#server/auth/auth.ts'
import type { AuthorizationServer } from '#server/auth/oauth/authorization-server.ts'
import type { Consent } from '#server/auth/oauth/consent.ts'
import type { SecretBox } from '#server/auth/secret-box.ts'
import type { Tokens } from '#server/auth/tokens.ts'
import type { Authenticator } from '#server/auth/principal.ts'
import type { Env } from '#server/env.ts'
import type { Gateway } from '#server/gateway/gateway.ts'
import type { Log } from '#server/log.ts'
import type { Metrics } from '#server/metrics/metrics.ts'
import type { Orchestrator } from '#server/orchestrator/orchestrator.ts'
import type { History } from '#server/repls/history.ts'
import type { Access, Lifecycle, Repls, Shares } from '#server/repls/repls.ts'
import type { Variables } from '#server/repls/variables.ts'
import type { StateStore } from '#server/state-store/state-store.ts'
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
  variables: Variables
  agents: Agents
  templates: Templates
}

/** What pages and route handlers are served with. Made once by `createContext`, passed in, never imported. */
export interface Context extends ApiContext {
  auth: Auth
  /** Letting programs in on a person's word. */
  consent: Consent
  /** Where browsers reach the app. */
  readonly publicUrl: () => URL
  /** A folder for what is being received. */
  uploads: string
  metrics: Metrics
  /** Which ways to sign in this browser is offered (decided by settings, and for `local` by its one-time-URL cookie). */
  signInOptions(cookieHeader: string | null): Promise<{ github: boolean; local: boolean }>
}

/** The running application: what pages see, and what only `main.ts` handles. Disposing closes it; sandboxes go on. */
export interface Application extends AsyncDisposable {
  context: Context
  gateway: Gateway
  authorization: AuthorizationServer
  lifecycle: Lifecycle
  orchestrator: Orchestrator
  /** Serves sidecars, on the internal listener only. */
  internalApi: RequestListener
  /** Serves sidecars in pods too; absent where sandboxes are not in pods, or are dialled for their calls. */
  listenForSandboxes: (() => Promise<AsyncDisposable & { port: number }>) | undefined
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
  const metrics = createMetrics()
  if (env.METRICS_TOKEN !== undefined) metrics.measureProcess()
  const box = createSecretBox(foundations.secret)
  const stateStore = opened.use(await openStateStore(env, foundations.dataFolder))
  const objectStore = opened.use(await openObjectStore(env, { folder: foundations.dataFolder, box }))
  const signingKey = await loadSigningKey(stateStore, box)
  const tokens = createTokens(signingKey)
  const sidecarCalls = createSidecarCalls()
  const { orchestrator, cluster } = await openOrchestrator(foundations, {
    tokens,
    stateStore,
    box,
    serveCalls: sidecarCalls.take,
  })
  opened.use(orchestrator)
  const templates = await createTemplates({
    folder: foundations.templatesFolder,
    probe: (command) => orchestrator.probe(command),
  })
  const runners = new ConnectionsAhead((sandboxId) => orchestrator.dial(sandboxId, 'runner'))
  const domain = opened.use(
    createDomain({
      stateStore,
      orchestrator,
      workspaces: createWorkspaces({ objectStore }),
      history: createWorkspaceHistory({ objectStore, retention: env.retention }),
      sidecar: createSidecarClient({ orchestrator, tokens }),
      runners,
      templates,
      tokens,
      box,
      // Made below, since signing in knows the domain's guests; nobody is asked about before.
      standing: { lookUp: (userId, keys) => auth.standing.lookUp(userId, keys) },
      keepKeys: () => keepSigningKey(stateStore, box, signingKey),
      limits: env,
      metrics,
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
    log,
  })
  const userOf = async (userId: string) => (await auth.standing.lookUp(userId)).who
  const { access, repls, history, shares, variables, lifecycle } = domain
  const connections = createConnections({ stateStore, log, now: Date.now })
  const calls = createCallLog({ stateStore, metrics, log })
  const keyring = createKeyring({ stateStore, box })
  const records = createOauthRecords({ stateStore, box })
  const agents = createAgents({ connections, calls, access, history, onCut: ({ id }) => records.endGrant(id) })
  const authorization = createAuthorizationServer({
    publicUrl,
    auth,
    userExists: async (userId) => (await userOf(userId)) !== undefined,
    replOf: async (who, replId) => {
      const grant = await access.grantOf(who, replId)
      return grant === undefined ? undefined : { name: (await repls.get(who, replId)).name, role: grant.role }
    },
    keyring,
    records,
    connections,
    cookieKey: box.derive('oauth-cookie').toString('base64url'),
    takesDocuments: env.CLIENT_DOCUMENTS,
    log,
  })
  const site = { publicUrl, previewDomain: env.PREVIEW_DOMAIN ?? 'localhost' }
  const gateway = opened.use(
    createGateway({
      ...site,
      auth,
      access,
      company: domain.company,
      lifecycle,
      orchestrator,
      runners,
      tokens,
      stateStore,
      previewKey: box.derive('preview-cookie'),
      agents: {
        connections,
        accessTokens: createAccessTokens(keyring, () => publicUrl().origin),
        userOf,
        repls,
        history,
        callsPerMinute: env.AGENT_CALLS_PER_MINUTE,
        metrics,
      },
      log,
    }),
  )
  metrics.followConnections(() => gateway.connections())
  const context: Context = {
    env,
    log,
    auth,
    consent: authorization.consent,
    access,
    repls,
    history,
    shares,
    variables,
    agents,
    templates,
    publicUrl,
    uploads: await openUploads(foundations.dataFolder),
    metrics,
    signInOptions: (cookieHeader) => auth.signInOptions(cookieHeader),
  }
  const sidecarApi = createInternalApi({
    objectStore,
    tokens,
    events: domain.workspaceEvents,
    history: domain.history.ofSandbox,
    onAgentCalls: (replId, reported) => calls.report(replId, reported),
    agentLinks: createAgentLinks({ stateStore, site, access, repls, userOf }),
    retention: env.retention,
    ...(cluster !== undefined && { onHello: cluster.onHello }),
    log,
  })
  const presigned =
    env.objectStore.provider === 'disk' ? { store: objectStore, signingKey: objectKeyOf(box) } : undefined
  const internalApi: RequestListener = (request, response) => {
    if (presigned !== undefined && request.url?.startsWith(DISK_OBJECTS_PATH) === true) {
      void serveDiskObject(presigned, request, response)
    } else sidecarApi(request, response)
  }
  sidecarCalls.answerWith(internalApi)
  const owned = opened.move()
  return {
    context,
    gateway,
    authorization,
    lifecycle,
    orchestrator,
    internalApi,
    listenForSandboxes: cluster?.listen?.bind(undefined, internalApi),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

interface OrchestratorDeps {
  tokens: Tokens
  stateStore: StateStore
  box: SecretBox
  serveCalls: (connection: Duplex) => void
}

/** What a cluster needs beside the port: its pods say hello, and call over TLS. */
interface ClusterSide {
  onHello: (sandboxId: string, address: string) => Promise<void>
  listen: ((serve: RequestListener) => Promise<AsyncDisposable & { port: number }>) | undefined
}

async function openOrchestrator(
  { env, log, ...rest }: Foundations,
  { tokens, stateStore, box, serveCalls }: OrchestratorDeps,
): Promise<{ orchestrator: Orchestrator; cluster?: ClusterSide }> {
  if (env.orchestrator.provider === 'local') {
    const orchestrator = await openLocalOrchestrator({
      dataDir: rest.dataFolder,
      sandboxBundle: rest.sandboxBundle,
      nodeBinary: process.execPath,
      controlSocket: rest.controlSocket,
      publicKey: tokens.publicKey,
      isolation: env.ISOLATION,
      log,
    })
    return { orchestrator }
  }
  // Only here: the client of the cluster takes 0.4 s and 60 MiB.
  const { openKubernetesOrchestrator } = await import('#server/orchestrator/kubernetes/open-kubernetes.ts')
  const { listenForSandboxes } = await import('#server/sandbox-listener.ts')
  const { createCertificateAuthority } = await import('#server/certificates/certificate-authority.ts')
  const { provider: _, kubeconfig, ...settings } = env.orchestrator
  const authority = createCertificateAuthority({ stateStore, box })
  const extraCa = env.CA_FILE === undefined ? undefined : await readFile(env.CA_FILE, 'utf8')
  const orchestrator = await openKubernetesOrchestrator({
    kubeconfig,
    settings: { ...settings, extraCa },
    authority,
    tokens,
    serveCalls,
    log,
  })
  const { internalUrl } = settings
  return {
    orchestrator,
    cluster: {
      onHello: (sandboxId, address) => orchestrator.hello(sandboxId, address),
      listen:
        internalUrl === undefined
          ? undefined
          : (serve) =>
              listenForSandboxes({
                authority,
                name: new URL(internalUrl).hostname,
                host: env.INTERNAL_HOST,
                port: env.INTERNAL_PORT,
                serve,
                log,
              }),
    },
  }
}
