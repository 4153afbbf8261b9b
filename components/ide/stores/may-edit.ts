import { isAtLeast } from '#protocol/roles.ts'
import type { Connection } from './connection.ts'
import { Store } from './store.ts'
import type { Readable } from './store.ts'

/**
 * Whether the person may change things over the line: as the page was loaded with, then as each `hello` says. A role that
 * changes cuts the line, so that what is sent is always within the role that the runner holds it to. Made before what
 * listens to `hello` too, it is told first.
 */
export function followMayEdit(connection: Pick<Connection, 'on'>, atFirst: boolean): Readable<boolean> {
  const mayEdit = new Store(atFirst)
  connection.on('hello', ({ role }) => mayEdit.set(isAtLeast(role, 'editor')))
  return mayEdit
}
