import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { createSecretBox } from '#server/auth/secret-box.ts'
import type { SecretBox } from '#server/auth/secret-box.ts'
import { createCertificateAuthority } from '#server/certificates/certificate-authority.ts'
import type { CertificateAuthority } from '#server/certificates/certificate-authority.ts'
import { openSqliteStateStore } from '#server/state-store/sqlite.ts'
import type { StateStore } from '#server/state-store/state-store.ts'

export interface TemporaryAuthority {
  stateStore: StateStore
  box: SecretBox
  authority: CertificateAuthority
}

/** An authority whose store goes with the test. */
export async function temporaryAuthority(now: () => number = Date.now): Promise<TemporaryAuthority> {
  const folder = await mkdtemp(join(tmpdir(), 'devex-authority-'))
  const stateStore = await openSqliteStateStore({ file: join(folder, 'state.sqlite') })
  onTestFinished(async () => {
    await stateStore[Symbol.asyncDispose]()
    await rm(folder, { recursive: true })
  })
  const box = createSecretBox('0123456789abcdef0123456789abcdef')
  return { stateStore, box, authority: createCertificateAuthority({ stateStore, box, now }) }
}
