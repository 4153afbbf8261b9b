import { execFileSync } from 'node:child_process'
import type { TestClient } from '../_client.ts'
import { startFixture } from '../_fixture.ts'

/** A runner whose workspace is a Git repository without a commit, and an editor of it. */
export interface Repository extends AsyncDisposable {
  workspace: string
  client: TestClient
  /** What git answers in the workspace, without the white space around it. */
  git(...args: string[]): string
}

export async function startRepository(): Promise<Repository> {
  const fixture = await startFixture()
  const client = await fixture.connect('editor')
  const git = (...args: string[]): string =>
    execFileSync('git', args, { cwd: fixture.workspace, stdio: ['ignore', 'pipe', 'pipe'] })
      .toString()
      .trim()
  git('init', '-q', '-b', 'main')
  return {
    workspace: fixture.workspace,
    client,
    git,
    async [Symbol.asyncDispose]() {
      client[Symbol.dispose]()
      await fixture[Symbol.asyncDispose]()
    },
  }
}
