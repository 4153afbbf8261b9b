import { join } from 'node:path'
import type { SecretBox } from '#server/auth/secret-box.ts'
import type { Env } from '#server/env.ts'
import { openDiskObjectStore } from '#server/object-store/disk.ts'
import type { ObjectStore } from '#server/object-store/object-store.ts'
import { openS3ObjectStore } from '#server/object-store/s3.ts'
import { openRedisStateStore } from '#server/state-store/redis.ts'
import { openSqliteStateStore } from '#server/state-store/sqlite.ts'
import type { StateStore } from '#server/state-store/state-store.ts'

/** The state store that the settings name. */
export function openStateStore(env: Env, dataFolder: string): Promise<StateStore> {
  switch (env.stateStore.provider) {
    case 'sqlite':
      return openSqliteStateStore({ file: join(dataFolder, 'state.sqlite') })
    case 'redis':
      return openRedisStateStore({ url: env.stateStore.url })
    case 'upstash':
      return openRedisStateStore({ url: env.stateStore.url, token: env.stateStore.token })
  }
}

/** The object store that the settings name. */
export function openObjectStore(env: Env, { folder, box }: { folder: string; box: SecretBox }): Promise<ObjectStore> {
  switch (env.objectStore.provider) {
    case 'disk':
      return openDiskObjectStore({ folder: join(folder, 'objects'), signingKey: objectKeyOf(box) })
    case 's3':
      return openS3ObjectStore(env.objectStore)
  }
}

/** What the disk adapter signs its URLs with. */
export function objectKeyOf(box: SecretBox): Uint8Array {
  return box.derive('object-urls')
}
