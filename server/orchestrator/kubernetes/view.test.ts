import { describe, expect, test } from 'vitest'
import { OVERDUE_MS, POD_GRACE_SECONDS, STRANDED_MS } from './limits.ts'
import {
  ADDRESS_ANNOTATION,
  CREATED_ANNOTATION,
  GENERATION_LABEL,
  IMAGE_ANNOTATION,
  POD_ANNOTATION,
  REPL_LABEL,
  RESTARTS_ANNOTATION,
  SAVER_ANNOTATION,
  TEMPLATE_LABEL,
} from './names.ts'
import { podSchema, recordSchema } from './objects.ts'
import { isLost, lossOf, podOf, sandboxOf } from './view.ts'
import type { Seen } from './view.ts'

const UP = { [ADDRESS_ANNOTATION]: '10.0.0.7', [POD_ANNOTATION]: 'pod-1' }

function record(annotations: Record<string, string> = {}, more: object = {}) {
  const labels = { [TEMPLATE_LABEL]: 'node' }
  const common = { name: 's1', uid: 'r', resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' }
  return recordSchema.parse({ metadata: { ...common, labels, annotations, ...more } })
}

function pod(status: object = {}, metadata: object = {}) {
  const common = { name: 's1-a', uid: 'pod-1', resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' }
  return podSchema.parse({ metadata: { ...common, ...metadata }, status: { phase: 'Running', ...status } })
}

function seen(pods: Seen['pods'], annotations: Record<string, string> = UP): Seen {
  return { record: record(annotations), pods }
}

/** One whose pod the cluster was told to end so long ago, with the statuses of its conditions and why. */
function ended(agoMs: number, conditions: Record<string, string>, reason: string): Seen {
  const graceMs = POD_GRACE_SECONDS * 1000
  const deletionTimestamp = new Date(Date.now() - agoMs + graceMs).toISOString()
  const statuses = Object.entries(conditions).map(([type, status]) => ({ type, status, reason }))
  return seen([pod({ conditions: statuses }, { deletionTimestamp, deletionGracePeriodSeconds: POD_GRACE_SECONDS })])
}

const running = (name: string, restartCount = 0) => ({ name, restartCount, state: { running: {} } })

describe('a sandbox', () => {
  test('is starting until its address is known, then up', () => {
    expect(sandboxOf(seen([], {}))).toMatchObject({ id: 's1', template: 'node', state: 'starting' })
    expect(sandboxOf(seen([pod()]))).toMatchObject({ state: 'up' })
  })

  test('has the age to the millisecond that was written, else the cluster’s', () => {
    expect(sandboxOf(seen([], { [CREATED_ANNOTATION]: '1767225600123' }))?.createdAt).toBe(1_767_225_600_123)
    expect(sandboxOf(seen([], {}))?.createdAt).toBe(Date.parse('2026-01-01T00:00:00Z'))
  })

  test('is whose the label says', () => {
    const labels = { [TEMPLATE_LABEL]: 'node', [REPL_LABEL]: 'r1', [GENERATION_LABEL]: '7' }
    expect(sandboxOf({ record: record(UP, { labels }), pods: [pod()] })?.label).toEqual({ replId: 'r1', generation: 7 })
  })

  test('is gone while its record is being deleted', () => {
    expect(
      sandboxOf({ record: record(UP, { deletionTimestamp: '2026-01-01T00:00:00Z' }), pods: [pod()] }),
    ).toBeUndefined()
  })

  test('is outdated when its template has another image by now', () => {
    const made = seen([pod()], { ...UP, [IMAGE_ANNOTATION]: 'node:1' })
    expect(sandboxOf(made, () => 'node:1')).not.toHaveProperty('isOutdated')
    expect(sandboxOf(made, () => 'node:2')).toMatchObject({ isOutdated: true })
  })
})

describe('D2: a sandbox is lost', () => {
  test('with its pod, whatever runs in its name now', () => {
    const replaced = seen([pod({}, { uid: 'pod-2' })])
    expect(isLost(replaced)).toBe(true)
    expect(sandboxOf(replaced)).toBeUndefined()
    expect(lossOf(replaced)).toBe('its pod was deleted')
  })

  test('when its pod was evicted, and the log says why', () => {
    const evicted = seen([pod({ phase: 'Failed', reason: 'Evicted', message: 'The node was low on memory.' })])
    expect(isLost(evicted)).toBe(true)
    expect(lossOf(evicted)).toBe('its pod ended (Evicted): The node was low on memory')
    const [type, reason, message] = ['DisruptionTarget', 'TerminationByKubelet', 'Its volume exceeds the limit.']
    const tooLarge = seen([pod({ phase: 'Succeeded', conditions: [{ type, status: 'True', reason, message }] })])
    expect(lossOf(tooLarge)).toBe('the cluster ended its pod (TerminationByKubelet): Its volume exceeds the limit')
  })

  test('when its node does not say in time that a deleted pod ended; until then it is saving', () => {
    const deletedAt = (ms: number) => seen([pod({}, { deletionTimestamp: new Date(Date.now() + ms).toISOString() })])
    expect(isLost(deletedAt(600_000))).toBe(false)
    expect(isLost(deletedAt(-1000))).toBe(false)
    expect(isLost(deletedAt(-120_000))).toBe(true)
  })

  test('soon when its pod is ended because the node does not answer: there nobody saves', () => {
    const silent = { DisruptionTarget: 'True', Ready: 'False', ContainersReady: 'True' }
    const lost = ended(STRANDED_MS + 1000, silent, 'DeletionByTaintManager')
    expect(isLost(lost)).toBe(true)
    expect(lossOf(lost)).toBe('its node does not answer')
    expect(isLost(ended(STRANDED_MS - 1000, silent, 'DeletionByTaintManager'))).toBe(false)
  })

  test('with its grace on a node that is drained or tainted, or answers again: there it saves', () => {
    const answers = { DisruptionTarget: 'True', Ready: 'True', ContainersReady: 'True' }
    const ending = { DisruptionTarget: 'True', Ready: 'False', ContainersReady: 'False' }
    const silent = { DisruptionTarget: 'True', Ready: 'False', ContainersReady: 'True' }
    const saving: [Record<string, string>, string][] = [
      [answers, 'DeletionByTaintManager'],
      [ending, 'DeletionByTaintManager'],
      [silent, 'EvictionByEvictionAPI'],
      [{ ...silent, DisruptionTarget: 'False' }, 'DeletionByTaintManager'],
    ]
    for (const [conditions, reason] of saving) {
      expect(isLost(ended(POD_GRACE_SECONDS * 1000, conditions, reason))).toBe(false)
      expect(isLost(ended(POD_GRACE_SECONDS * 1000 + 2 * OVERDUE_MS, conditions, reason))).toBe(true)
    }
  })

  test('never before it was up: no pod holds work yet', () => {
    expect(isLost(seen([], {}))).toBe(false)
  })
})

describe('D4: the pod of a sandbox', () => {
  test('is the one that holds its work, not one that came after it', () => {
    const first = pod({}, { deletionTimestamp: '2099-01-01T00:00:00Z' })
    const second = pod({}, { uid: 'pod-2', creationTimestamp: '2026-01-02T00:00:00Z' })
    expect(podOf(seen([second, first]))).toBe(first)
  })

  test('is the youngest that is not ending, while none holds work', () => {
    const ending = pod({}, { uid: 'a', deletionTimestamp: '2099-01-01T00:00:00Z', creationTimestamp: '2026-01-03T00:00:00Z' }) // prettier-ignore
    const old = pod({}, { uid: 'b' })
    const young = pod({}, { uid: 'c', creationTimestamp: '2026-01-02T00:00:00Z' })
    expect(podOf(seen([ending, old, young], {}))).toBe(young)
  })
})

describe('S10: a part is dead', () => {
  test('when its container ended, or was started anew since somebody brought it back', () => {
    const ended = { name: 'runner', state: { terminated: { exitCode: 1 } } }
    expect(sandboxOf(seen([pod({ containerStatuses: [ended, running('sidecar')] })]))).toMatchObject({
      state: 'dead',
      deadParts: ['runner'],
      reason: 'In this sandbox its runner ended with 1.',
    })
    const restarted = pod({ containerStatuses: [running('runner', 2), running('sidecar')] })
    expect(sandboxOf(seen([restarted], { ...UP, [RESTARTS_ANNOTATION.runner]: '1' }))?.deadParts).toEqual(['runner'])
    expect(sandboxOf(seen([restarted], { ...UP, [RESTARTS_ANNOTATION.runner]: '2' }))?.state).toBe('up')
  })

  test('unless another container has taken its place, and lives', () => {
    const statuses = (state: object) => ({
      containerStatuses: [running('runner'), { name: 'sidecar', restartCount: 3, state: { terminated: {} } }],
      ephemeralContainerStatuses: [{ name: 'saver-1', state }],
    })
    const annotations = { ...UP, [SAVER_ANNOTATION]: 'saver-1' }
    expect(sandboxOf(seen([pod(statuses({ running: {} }))], annotations))?.state).toBe('up')
    expect(sandboxOf(seen([pod(statuses({ terminated: { exitCode: 1 } }))], annotations))?.deadParts).toEqual([
      'sidecar',
    ])
  })
})
