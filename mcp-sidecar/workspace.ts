import type {
  AdoptProgress,
  AdoptRequest,
  OpenRequest,
  RestoreProgress,
  RestoreRequest,
  SaveProgress,
} from '#protocol/adoption.ts'
import { openRequestSchema } from '#protocol/adoption.ts'
import type { Variables } from '#protocol/variables.ts'
import { followRunner } from './activity.ts'
import { readMarker, restoredNow, settle, writeMarker } from './adoption-marker.ts'
import type { AdoptionMarker } from './adoption-marker.ts'
import type { Ask, ControlPlane } from './control-plane-client.ts'
import {
  MAX_TOLD_NAMES,
  PROGRESS_INTERVAL_MS,
  RUNNER_RESTART_TIMEOUT_MS,
  RUNNER_START_TIMEOUT_MS,
  SETTLE_AFTER_MS,
} from './limits.ts'
import type { Runner } from './runner-client.ts'
import { SidecarError } from './sidecar-error.ts'
import { ContinuousSave } from './snapshot/continuous.ts'
import type { KnownHead, SaveReason } from './snapshot/head-writer.ts'
import { restoreInPlace } from './snapshot/restore-in-place.ts'
import { emptyVolume, makeRoots, restoreVolume } from './snapshot/restorer.ts'
import { Saver } from './snapshot/saver.ts'
import type { Look, SaveDone } from './snapshot/saver.ts'

type AdoptDone = Extract<AdoptProgress, { phase: 'done' }>

export type LogFailure = (message: string, error: unknown) => void

export interface WorkspaceOptions {
  volumeDir: string
  stateDir: string
  runner: Runner
  controlPlane: ControlPlane
  log: LogFailure
}

/** The files of the repl that adopted this sandbox: restored, opened to the runner, saved again and again. */
export class Workspace implements AsyncDisposable {
  readonly #options: WorkspaceOptions
  #request: AdoptRequest
  #saver: Saver | undefined
  #usedBytes: number | undefined
  #settling: NodeJS.Timeout | undefined
  #running: { continuous: ContinuousSave; abort: AbortController; followed: Promise<void> } | undefined

  constructor(request: AdoptRequest, options: WorkspaceOptions) {
    this.#request = request
    this.#options = options
  }

  /**
   * Restores, unless this was done before, and opens the runner. After a crash at any point the same call takes up
   * where it is safe to: half a restore is begun anew, live work is never restored over.
   */
  async bringUp(onProgress: (progress: AdoptProgress) => void): Promise<AdoptDone> {
    const { volumeDir, stateDir } = this.#options
    let marker = readMarker(stateDir)
    if (marker !== undefined) requireSame(marker, this.#request)
    if (marker === undefined) {
      await this.#restore(onProgress)
      marker = restoredNow({ repl: this.#request.repl, generation: this.#request.generation })
      await writeMarker(stateDir, marker)
    }
    makeRoots(volumeDir)
    this.#saver ??= this.#makeSaver(undefined)
    onProgress({ phase: 'opening' })
    const done = marker.phase === 'opened' ? await this.#reopen() : await this.#open(marker, onProgress)
    // Not while the marker may be written here, which could undo what it writes there.
    if (marker.boot !== undefined) this.#settleLater()
    this.#follow()
    return done
  }

  /** What agents get of the control plane, what the repl is called, and what is left out where their calls are told. */
  get forAgents(): { ask: Ask; replName: string; secrets: () => readonly string[] } {
    return {
      ask: this.#options.controlPlane.ask,
      replName: this.#request.replName,
      secrets: () => Object.values(this.#request.variables ?? {}),
    }
  }

  /** Those of an adoption that comes again: told to the runner with the next opening, which follows. */
  renewVariables(variables: Variables | undefined): void {
    if (variables !== undefined) this.#request = { ...this.#request, variables }
  }

  /** What is started from now on has these variables: also by a runner that is restarted. */
  async setVariables(variables: Variables): Promise<void> {
    this.#request = { ...this.#request, variables }
    // One that does not answer now is opened with them when it comes back.
    if ((await this.#options.runner.health()) !== undefined) await this.#options.runner.setVariables(variables)
  }

  /** Saves what is on the disk now. */
  async save(reason: SaveReason, onProgress: (progress: SaveProgress) => void): Promise<SaveDone> {
    const { look: _, ...done } = await this.#save(reason, onProgress, 'thoroughly')
    return done
  }

  /** Puts a snapshot, or some paths of it, in the place of what is on the disk, under the programs that run. */
  async restore(request: RestoreRequest, onProgress: (progress: RestoreProgress) => void): Promise<RestoreProgress> {
    const saver = this.#saver
    const running = this.#running
    if (saver === undefined || running === undefined)
      throw new SidecarError('conflict', 'This repl is not running, so nothing was restored.', {
        advice: 'Start it, then restore again.',
      })
    const { volumeDir, controlPlane } = this.#options
    const onFile = throttled((doneFiles, totalFiles) => onProgress({ phase: 'restoring', doneFiles, totalFiles }))
    try {
      const done = await saver.inTurn((known) => restoreInPlace(request, { volumeDir, controlPlane, known, onFile }))
      return { phase: 'done', ...done }
    } finally {
      running.continuous.changed()
    }
  }

  /** Whether the runner was ever opened on what lies here: before that nobody can have worked on it. */
  async mayHoldWork(): Promise<boolean> {
    return readMarker(this.#options.stateDir)?.phase === 'opened'
  }

  /**
   * Ends every process of the sandbox, then saves. Continuous saving does not come back but by `bringUp`. Refuses where what
   * is here is not all saved: nobody may take that for the end of a stop, after which it is removed.
   */
  async stop(onProgress: (progress: SaveProgress) => void): Promise<SaveDone> {
    await this.#unfollow()
    // A runner that is down runs nothing; one that refuses must not keep the work from being saved.
    await this.#options.runner
      .quiesce()
      .catch((error: unknown) => this.#options.log('The runner did not end its processes.', error))
    const done = await this.save('stop', onProgress)
    if (done.unsaved !== undefined && done.unsaved.length > 0) throw notAllSaved(done.unsaved)
    return done
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#settling)
    await this.#unfollow()
    this.#options.controlPlane[Symbol.dispose]()
  }

  async #save(reason: SaveReason, onProgress: (progress: SaveProgress) => void, look: Look) {
    // A sidecar started anew on the volume of a dead one may be told to save before anything else works.
    if (this.#saver === undefined) await this.#requireRestored()
    this.#saver ??= this.#makeSaver(undefined)
    const done = await this.#saver.save(reason, onProgress, look)
    this.#usedBytes = done.bytes
    return done
  }

  async #open(marker: AdoptionMarker, onProgress: (progress: AdoptProgress) => void): Promise<AdoptDone> {
    const { runner, stateDir } = this.#options
    const done = await runner.open(this.#openRequest(false), {
      patienceMs: RUNNER_START_TIMEOUT_MS,
      onProgress: (progress) => {
        if (progress.phase === 'cloning') onProgress(progress)
      },
    })
    await writeMarker(stateDir, { ...marker, phase: 'opened' })
    return done
  }

  /** Also ends what a stop that failed has begun. A runner that is dead must not keep the work from being saved. */
  async #reopen(): Promise<AdoptDone> {
    const { runner, log } = this.#options
    try {
      return await runner.open(this.#openRequest(true), { patienceMs: RUNNER_RESTART_TIMEOUT_MS })
    } catch (error) {
      if (!(error instanceof SidecarError) || error.code !== 'unavailable') throw error
      log('The runner is not there yet; it is opened when it comes.', error)
      return { phase: 'done' }
    }
  }

  async #restore(onProgress: (progress: AdoptProgress) => void): Promise<void> {
    const { volumeDir, stateDir, controlPlane } = this.#options
    emptyVolume(volumeDir)
    const head = this.#request.head ?? (await controlPlane.head())
    const onFile = throttled((doneFiles, totalFiles) => onProgress({ phase: 'restoring', doneFiles, totalFiles }))
    if (this.#request.restore && head.manifest !== null)
      await restoreVolume(head.manifest, { volumeDir, stateDir, controlPlane, onFile })
    this.#saver = this.#makeSaver(head)
  }

  #settleLater(): void {
    const { stateDir, volumeDir, log } = this.#options
    this.#settling ??= setTimeout(() => {
      settle({ stateDir, volumeDir }).catch((error: unknown) =>
        log('What was restored could not be written to the disk for sure.', error),
      )
    }, SETTLE_AFTER_MS).unref()
  }

  #makeSaver(head: KnownHead | undefined): Saver {
    const { volumeDir, stateDir, controlPlane, log } = this.#options
    return new Saver({
      volumeDir,
      stateDir,
      controlPlane,
      head,
      onUnreadable: (pack, error) => log(`Pack ${pack}, which snapshots of this REPL need, cannot be read.`, error),
    })
  }

  async #requireRestored(): Promise<void> {
    const marker = readMarker(this.#options.stateDir)
    if (marker !== undefined) return requireSame(marker, this.#request)
    throw new SidecarError('conflict', 'This sandbox does not hold the whole workspace, so it is not saved.', {
      advice: 'Start the repl: it is restored from its last snapshot.',
    })
  }

  #openRequest(isReopened: boolean): OpenRequest {
    const { clone, ...rest } = openRequestSchema.parse(this.#request)
    return { ...rest, ...(clone !== undefined && !isReopened && { clone }) }
  }

  #follow(): void {
    if (this.#running !== undefined) return
    const { runner, controlPlane, log } = this.#options
    const abort = new AbortController()
    const report = (unsavedSince: number | null) =>
      void controlPlane
        .report({ unsavedSince })
        .catch((error: unknown) => log('The state of saving could not be reported.', error))
    let isUnsaved = false
    const continuous = new ContinuousSave({
      save: (look) => this.#save('auto', () => undefined, look),
      onUnsaved: (since) => {
        if (since === null && !isUnsaved) return
        isUnsaved = since !== null
        report(since)
      },
      onFailure: (error) => log('A save failed and will be tried again.', error),
      tidy: async (signal) =>
        this.#saver
          ?.mergePacks(signal)
          .catch((error: unknown) => log('Small packs could not be merged; that is tried again later.', error)),
    })
    const followed = followRunner(
      {
        runner,
        controlPlane,
        openRequest: () => this.#openRequest(true),
        usedBytes: () => this.#usedBytes,
        onChange: (path) => continuous.changed(path),
        onFailure: log,
      },
      abort.signal,
    )
    this.#running = { continuous, abort, followed }
    // What a clone or a dead sidecar left unsaved; without any change this commits nothing.
    continuous.changed()
  }

  async #unfollow(): Promise<void> {
    const running = this.#running
    this.#running = undefined
    running?.abort.abort()
    await running?.followed
    await running?.continuous[Symbol.asyncDispose]()
  }
}

function notAllSaved(unsaved: string[]): SidecarError {
  const more = unsaved.length > MAX_TOLD_NAMES ? ` and ${unsaved.length - MAX_TOLD_NAMES} more` : ''
  const names = unsaved.slice(0, MAX_TOLD_NAMES).join(', ')
  return new SidecarError('not_supported', `All is saved but what cannot be: ${names}${more}.`, {
    advice: 'Resume it, move or delete that, or make it readable (chown, chmod); then stop it again.',
  })
}

/** Passes counts on from time to time, and the last one. */
function throttled(onFile: (doneFiles: number, totalFiles: number) => void): typeof onFile {
  let shownAt = 0
  return (doneFiles, totalFiles) => {
    if (performance.now() - shownAt < PROGRESS_INTERVAL_MS && doneFiles < totalFiles) return
    shownAt = performance.now()
    onFile(doneFiles, totalFiles)
  }
}

function requireSame(marker: AdoptionMarker, request: AdoptRequest): void {
  if (marker.repl !== request.repl || marker.generation !== request.generation)
    throw new SidecarError('conflict', `This sandbox belongs to generation ${marker.generation} of ${marker.repl}.`)
}
