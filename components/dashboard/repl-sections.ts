import type { ReplView } from '#server/repls/views.ts'

export interface ReplSections {
  /** Own repls. */
  yours: ReplView[]
  shared: ReplView[]
  /** Own deleted ones that can still be restored, the one that goes first first. */
  deleted: ReplView[]
}

/** The list as the page shows it: split, filtered by what was typed, last used first. */
export function replSections(repls: readonly ReplView[], query: string): ReplSections {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean)
  const found = repls
    .filter((repl) => words.every((word) => haystack(repl).includes(word)))
    .toSorted((one, other) => other.lastUsedAt - one.lastUsedAt || one.name.localeCompare(other.name))
  const alive = found.filter((repl) => repl.state.kind !== 'deleted')
  return {
    yours: alive.filter((repl) => repl.role === 'owner'),
    shared: alive.filter((repl) => repl.role !== 'owner'),
    deleted: found
      .filter((repl) => repl.state.kind === 'deleted' && repl.role === 'owner')
      .toSorted((one, other) => purgeAt(one) - purgeAt(other)),
  }
}

function purgeAt(repl: ReplView): number {
  return repl.state.kind === 'deleted' ? repl.state.purgeAt : Infinity
}

function haystack(repl: ReplView): string {
  const source = repl.source.kind === 'git' ? repl.source.url : ''
  const owner = repl.role === 'owner' ? '' : repl.owner.name
  return [repl.name, repl.template, source, owner, repl.state.kind].join('\n').toLowerCase()
}
