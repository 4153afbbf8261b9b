import { posix } from 'node:path'
import { SidecarError } from '../sidecar-error.ts'

/** Throws for what is Git's own: its configuration and hooks say which programs are run, by whoever uses Git next. */
export function assertNotOfGit(path: string): void {
  if (!posix.normalize(path).split('/').includes('.git')) return
  throw new SidecarError('forbidden', `${path} is Git's own, and says which programs Git runs.`, {
    advice: 'To change it needs the scope repl:exec, which was not given. Ask the person you work for.',
  })
}
