import type { WireError } from '#protocol/errors.ts'
import type { RequestResult } from '#protocol/messages.ts'
import type { Readable } from './store.ts'
import type { TextBuffer } from './text-buffer.ts'

/** How a text stands to what lies on the disk. */
export type SaveState =
  /** Same as on disk. */
  | { kind: 'saved'; at?: number }
  /** Typed since; saved soon. `error`: why the last attempt failed, if one did. */
  | { kind: 'dirty'; error?: WireError }
  | { kind: 'saving' }
  /** Something else wrote the file meanwhile: both exist, the person chooses. `theirs` need not be text any more. */
  | { kind: 'conflict'; theirs: RequestResult<'files.read'> }
  /** The file is gone from the disk; the text is here. */
  | { kind: 'deleted' }

export type DocumentState =
  | { kind: 'loading' }
  | { kind: 'failed'; error: WireError }
  /** Not for an editor: offered as a download. */
  | { kind: 'binary' | 'too_large'; size: number }
  | { kind: 'text'; save: SaveState; isReadonly: boolean }

/**
 * A file open in the editor. A clean one follows the disk; a dirty one that meets another etag becomes a conflict.
 * Nothing typed is given up without being asked. Live co-editing will replace its inside, not its users.
 */
export interface OpenDocument {
  readonly path: string
  readonly state: Readable<DocumentState>
  readonly buffer: TextBuffer
  /** Moves the text into an editor's buffer and works on that from now on. */
  bind(buffer: TextBuffer): void
  /** The person typed. */
  edited(): void
  /** Writes now, rather than soon. Resolves when it is on disk or has failed. */
  save(): Promise<void>
  /** Conflict: overwrite the disk with what is here. Deleted: write the file again. */
  keepMine(): Promise<void>
  /** Conflict: what is here becomes what is on disk. */
  takeTheirs(): void
}
