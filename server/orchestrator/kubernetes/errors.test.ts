import { describe, expect, test } from 'vitest'
import { apiError, deathOf, hopelessness, isPassing } from './errors.ts'
import { podSchema } from './objects.ts'
import type { Pod } from './objects.ts'

/** As an API server of 1.34 writes a refusal. */
function refusal(status: number, message: string, details: object = {}) {
  return apiError(status, JSON.stringify({ kind: 'Status', status: 'Failure', code: status, message, details }))
}

function pod(status: object): Pod {
  return podSchema.parse({
    metadata: { name: 'x', uid: 'u', resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' },
    status,
  })
}

const container = (state: object, lastState: object = {}) =>
  pod({ containerStatuses: [{ name: 'runner', image: 'registry/devex-template-node:1', state, lastState }] })

const LONG_MS = 300_000

describe('L5: a refusal of the API server', () => {
  test('for want of a verb names the verb, the resource and where to grant it', () => {
    const error = refusal(
      403,
      'deployments.apps "s1" is forbidden: User "system:serviceaccount:devex:control-plane" cannot patch resource "deployments" in API group "apps" in the namespace "devex-sandboxes"',
    )
    expect(error.message).toBe('The control plane may not patch deployments.apps in the namespace devex-sandboxes.')
    expect(error.advice).toContain('kubectl apply -k')
    expect(isPassing(error)).toBe(false)
  })

  test('of a resource of the core group names it without a group', () => {
    const error = refusal(403, 'services is forbidden: User "u" cannot list resource "services" in API group "" in the namespace "x"') // prettier-ignore
    expect(error.message).toBe('The control plane may not list services in the namespace x.')
  })

  test('for a quota says what is used up', () => {
    const error = refusal(403, 'pods "s1-abc" is forbidden: exceeded quota: sandboxes, requested: pods=1, used: pods=50, limited: pods=50') // prettier-ignore
    expect(error).toMatchObject({ code: 'quota_exceeded' })
    expect(error.message).toContain('exceeded quota: sandboxes, requested: pods=1')
    expect(error.advice).toContain('ResourceQuota')
  })

  test('by an admission policy quotes it', () => {
    const error = refusal(403, 'pods "s1" is forbidden: violates PodSecurity "restricted:latest": runAsNonRoot != true')
    expect(error).toMatchObject({ code: 'internal' })
    expect(error.message).toContain('violates PodSecurity')
    expect(isPassing(error)).toBe(false)
  })

  test('of what is not there, there already, or forgotten has a code of its own', () => {
    expect(refusal(404, 'services "s1" not found', { kind: 'services', name: 's1' })).toMatchObject({
      code: 'not_found',
      message: 'The cluster has no services s1.',
    })
    expect(refusal(409, 'secrets "s1" already exists')).toMatchObject({ code: 'conflict' })
    expect(refusal(410, 'too old resource version')).toMatchObject({ code: 'gone' })
  })

  test('of credentials is not asked again', () => {
    expect(isPassing(refusal(401, 'Unauthorized'))).toBe(false)
  })

  test.each([429, 500, 503, 504])('with %i may pass', (status) => {
    expect(isPassing(refusal(status, 'etcdserver: request timed out'))).toBe(true)
  })

  test('that is no JSON is quoted as it is', () => {
    expect(apiError(502, '<html>bad gateway</html>').message).toContain('bad gateway')
  })
})

describe('L5: a pod that will not come up', () => {
  test('for want of room is told after a while, with what to do', () => {
    const message = '0/3 nodes are available: 3 Insufficient memory.'
    const waiting = pod({
      conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message }],
    })
    expect(hopelessness(waiting, 0)).toBeUndefined()
    const error = hopelessness(waiting, LONG_MS)
    expect(error?.message).toContain('Insufficient memory')
    expect(error?.advice).toContain('SANDBOX_MEMORY_BYTES')
  })

  test.each(['ErrImageNeverPull', 'InvalidImageName'])('for an image (%s) is told at once', (reason) => {
    const error = hopelessness(container({ waiting: { reason } }), 0)
    expect(error?.message).toContain('registry/devex-template-node:1')
    expect(error?.advice).toContain('npm run images')
  })

  test('for what the node could not prepare is told when it had time to try again, also after an outage', () => {
    const waiting = container({
      waiting: { reason: 'CreateContainerConfigError', message: 'failed to create subPath' },
    })
    expect(hopelessness(waiting, 40_000)).toBeUndefined()
    expect(hopelessness(waiting, LONG_MS)?.message).toContain('failed to create subPath')
  })

  test.each(['ErrImagePull', 'ImagePullBackOff'])('for an image (%s) is told when the registry had time', (reason) => {
    expect(hopelessness(container({ waiting: { reason } }), 0)).toBeUndefined()
    expect(hopelessness(container({ waiting: { reason } }), LONG_MS)?.message).toContain(reason)
  })

  test('for a program that ends at once says where to look', () => {
    expect(hopelessness(container({ waiting: { reason: 'CrashLoopBackOff' } }), 0)?.advice).toContain('kubectl logs')
  })

  test('is not one that is being made', () => {
    expect(hopelessness(container({ waiting: { reason: 'ContainerCreating' } }), LONG_MS)).toBeUndefined()
    expect(hopelessness(pod({}), LONG_MS)).toBeUndefined()
  })
})

describe('a part that died', () => {
  test('of too much memory says so', () => {
    expect(deathOf(container({ terminated: { exitCode: 137, reason: 'OOMKilled' } }), 'runner')).toBe(
      'its runner used more memory than it may have, and was ended',
    )
  })

  test('and was started anew is told by what came before', () => {
    const restarted = container({ running: {} }, { terminated: { exitCode: 137, reason: 'Error' } })
    expect(deathOf(restarted, 'runner')).toBe('its runner ended with 137 (Error)')
  })

  test('without a word ended', () => {
    expect(deathOf(pod({}), 'runner')).toBe('its runner ended')
  })
})
