import { execFile, execFileSync } from 'node:child_process'
import { get } from 'node:http'
import { promisify } from 'node:util'
import { randomBytes } from 'node:crypto'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import { expect, test } from '@playwright/test'
import { startRedis } from '#server/workspaces/faults/_redis.ts'
import type { Redis } from '#server/workspaces/faults/_redis.ts'
import { NODE, PYTHON, firstHour } from './_first-hour.ts'
import { CLIENT_ID, CLIENT_SECRET, startGithub } from './_github-stand-in.ts'
import { readableTerminals } from './_pages.ts'
import type { GithubStandIn } from './_github-stand-in.ts'

/** The main job against the control plane as `kubectl apply -k` installs it, two replicas of its own image. */
const OVERLAY = join(import.meta.dirname, '../../k8s/overlays/testbed')
/** The node's address, as pods see it, and the overlay's port on it. */
const NODE_ADDRESS = '10.200.0.1'
const URL_OF_APP = 'http://localhost:30080'
const REACHABLE_WITHIN_MS = 60_000
const NAMESPACES = ['devex', 'devex-sandboxes']

const run = promisify(execFile)

let github: GithubStandIn
let redis: Redis

function kubectl(args: string[], input?: string): string {
  return execFileSync('kubectl', args, { encoding: 'utf8', input, stdio: ['pipe', 'pipe', 'inherit'] })
}

function required(name: string): string {
  const value = process.env[name]
  if (value === undefined) throw new Error(`${name} is not set: npm run test:cluster sets it.`)
  return value
}

async function makeBucket(): Promise<string> {
  const name = `deployed-${randomBytes(6).toString('hex')}`
  const credentials = {
    accessKeyId: required('TESTBED_S3_ACCESS_KEY'),
    secretAccessKey: required('TESTBED_S3_SECRET_KEY'),
  }
  const client = new S3Client({ endpoint: required('TESTBED_S3_ENDPOINT'), region: required('TESTBED_S3_REGION'), forcePathStyle: true, credentials }) // prettier-ignore
  await client.send(new CreateBucketCommand({ Bucket: name }))
  client.destroy()
  return name
}

/**
 * Resolves when the node's port leads to a replica: a rollout is complete before kube-proxy has heard of its pods. Until
 * then the kernel remembers a refused connection for two minutes and refuses the next one from the same port of the same
 * address, so these come from an address that nothing else uses.
 */
async function answers(): Promise<void> {
  const outcome = async () => ask({ localAddress: '127.0.0.2' })
  await expect.poll(outcome, { timeout: REACHABLE_WITHIN_MS, message: `${URL_OF_APP} answers` }).toBe('200')
}

/** Asks over and over, on a connection of its own each time; what went wrong. */
async function askAllTheWhile(over: AbortSignal): Promise<string[]> {
  const failures: string[] = []
  while (!over.aborted) {
    const outcome = await ask()
    if (outcome !== '200') failures.push(outcome)
  }
  return failures
}

/** The status of an answer on a new connection, or why there is none. */
async function ask(from: { localAddress?: string } = {}): Promise<string> {
  return new Promise((resolve) => {
    get(`${URL_OF_APP}/api/health`, { agent: false, family: 4, ...from }, (response) => {
      response.resume().on('end', () => resolve(String(response.statusCode)))
    }).on('error', (error) => resolve(String(error)))
  })
}

/** Sandboxes would try to save for minutes, to a control plane that is gone; and their namespace waits for them. */
function removeAll(): void {
  const there = NAMESPACES.filter(
    (name) => kubectl(['get', 'namespace', name, '--output', 'name', '--ignore-not-found']) !== '',
  )
  for (const name of there) {
    kubectl(['--namespace', name, 'delete', 'deployments,replicasets', '--all', '--wait=false'])
    kubectl(['--namespace', name, 'delete', 'pods', '--all', '--force', '--grace-period=0', '--wait=false'])
    kubectl(['delete', 'namespace', name, '--timeout=100s'])
  }
}

test.beforeAll(async () => {
  test.setTimeout(300_000)
  github = await startGithub({ id: 1815, login: 'ada', name: 'Ada Lovelace', email: null }, NODE_ADDRESS)
  removeAll()
  const started = await startRedis(await mkdtemp(join(tmpdir(), 'devex-deployed-')), NODE_ADDRESS)
  if (started === undefined) throw new Error('These tests need redis-server: the test bed installs it.')
  redis = started
  kubectl(['create', 'namespace', 'devex'])
  const s3 = new URL(required('TESTBED_S3_ENDPOINT_IN_CLUSTER'))
  const secrets = {
    DEVEX_SECRET: randomBytes(32).toString('hex'),
    REDIS_URL: redis.url,
    S3_ENDPOINT: s3.origin,
    S3_BUCKET: await makeBucket(),
    S3_ACCESS_KEY_ID: required('TESTBED_S3_ACCESS_KEY'),
    S3_SECRET_ACCESS_KEY: required('TESTBED_S3_SECRET_KEY'),
    EGRESS_ALLOW: `${s3.hostname}/32:${s3.port}`,
    GITHUB_CLIENT_ID: CLIENT_ID,
    GITHUB_CLIENT_SECRET: CLIENT_SECRET,
    GITHUB_URL: github.url,
    GITHUB_API_URL: github.url,
    ALLOWED_GITHUB_USERS: 'ada',
  }
  const secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'devex-secrets', namespace: 'devex' },
    stringData: secrets,
  }
  kubectl(['apply', '--filename', '-'], JSON.stringify(secret))
  kubectl(['apply', '--kustomize', OVERLAY])
  kubectl(['--namespace', 'devex', 'rollout', 'status', 'deployment/devex', '--timeout=180s'])
  await answers()
})

test.afterAll(async () => {
  removeAll()
  await redis[Symbol.asyncDispose]()
  await github[Symbol.asyncDispose]()
})

for (const journey of [NODE, PYTHON]) {
  test(`deployed: ${journey.template}, from sign-in to a shared preview, and back after a stop`, async ({
    page,
    browser,
  }) => {
    await readableTerminals(page)
    await page.goto(`${URL_OF_APP}/repls`)
    await page.getByRole('button', { name: 'Continue with GitHub' }).click()
    await expect(page).toHaveURL(`${URL_OF_APP}/repls`)
    await firstHour(page, browser, journey)
  })
}

test('deployed: a rolling update of the control plane stops no sandbox', async ({ page }) => {
  await readableTerminals(page)
  await page.goto(`${URL_OF_APP}/repls`)
  await page.getByRole('button', { name: 'Continue with GitHub' }).click()
  await page.getByRole('link', { name: /Node/ }).first().click()
  const terminal = page.getByTestId('terminal')
  await expect(terminal.locator('.xterm-rows')).toContainText(/\/workspace [$#]/, { timeout: 30_000 })
  await terminal.locator('textarea').focus()
  await page.keyboard.type('sleep 600 & echo $! > /tmp/pid\n')
  const over = new AbortController()
  const refused = askAllTheWhile(over.signal)
  await run('kubectl', ['--namespace', 'devex', 'rollout', 'restart', 'deployment/devex'])
  await run('kubectl', ['--namespace', 'devex', 'rollout', 'status', 'deployment/devex', '--timeout=180s'])
  // The old replicas are gone, and the page's socket with them.
  const pods = () => kubectl(['--namespace', 'devex', 'get', 'pods', '--output', 'name']).trim().split('\n')
  await expect.poll(() => pods().length, { timeout: 90_000 }).toBe(2)
  over.abort()
  expect(await refused).toEqual([])
  await expect(page.getByTestId('connection-state')).toHaveAttribute('data-state', 'open', { timeout: 60_000 })
  await terminal.locator('textarea').focus()
  await page.keyboard.type('clear; kill -0 $(cat /tmp/pid) && echo still-$((40 + 2))\n')
  await expect(terminal.locator('.xterm-rows')).toContainText('still-42')
})
