import { MAX_SPLIT_TERMINALS } from './limits.ts'

/** Terminals side by side; most stand alone. */
export interface TerminalGroup {
  /** The terminal that it began with, which may be gone. */
  id: string
  /** From the left. Never none. */
  terminals: readonly string[]
}

/** How the terminals were left: which was looked at, and which stood side by side. */
export interface RememberedTerminals {
  active: string | null
  splits: readonly (readonly string[])[]
}

type Groups = readonly TerminalGroup[]

/** The groups of the terminals that there are: what is gone is left out, what is new stands alone. */
export function arrange(groups: Groups, ids: readonly string[]): Groups {
  const there = new Set(ids)
  const known = new Set(groups.flatMap(({ terminals }) => terminals))
  const isSame = ids.length === known.size && ids.every((id) => known.has(id))
  if (isSame) return groups
  const kept = groups.map(({ id, terminals }) => ({ id, terminals: terminals.filter((one) => there.has(one)) }))
  const added = ids.filter((id) => !known.has(id)).map((id) => ({ id, terminals: [id] }))
  return [...kept.filter(({ terminals }) => terminals.length > 0), ...added]
}

/** The groups that are more than one terminal each: what is to be remembered of them. */
export function splitsOf(groups: Groups): string[][] {
  return groups.map(({ terminals }) => [...terminals]).filter(({ length }) => length > 1)
}

/** The groups as they were left, of the terminals that there are still. */
export function recall(splits: RememberedTerminals['splits'], ids: readonly string[]): Groups {
  return splits.reduce<Groups>(
    (groups, split) => {
      const [begin, ...mates] = split.filter((id) => groupOf(groups, id)?.terminals.length === 1)
      if (begin === undefined) return groups
      return mates.toReversed().reduce((joined, id) => putBeside(joined, id, begin), groups)
    },
    arrange([], ids),
  )
}

export function groupOf(groups: Groups, id: string | undefined): TerminalGroup | undefined {
  return groups.find(({ terminals }) => id !== undefined && terminals.includes(id))
}

/** Whether there is room for one more beside it. */
export function canSplit(groups: Groups, id: string | undefined): boolean {
  const group = groupOf(groups, id)
  return group !== undefined && group.terminals.length < MAX_SPLIT_TERMINALS
}

/** Puts a terminal at the right of another one. */
export function putBeside(groups: Groups, id: string, beside: string): Groups {
  if (id === beside || !canSplit(groups, beside)) return groups
  const without = groups.map((group) => ({ ...group, terminals: group.terminals.filter((one) => one !== id) }))
  return without
    .map((group) => ({ ...group, terminals: group.terminals.flatMap((one) => (one === beside ? [one, id] : [one])) }))
    .filter(({ terminals }) => terminals.length > 0)
}

/** Who comes to the front when `id` closes: its neighbour in the group, else the one in the next group, or the last. */
export function nextAfter(groups: Groups, id: string): string | undefined {
  const mates = groupOf(groups, id)?.terminals ?? []
  if (mates.length > 1) return mates[mates.indexOf(id) + 1] ?? mates.at(-2)
  const at = groups.findIndex(({ terminals }) => terminals.includes(id))
  const next = groups[at + 1] ?? groups[at - 1]
  return next?.terminals[0]
}

/** The terminal `step` places further in the order of the tabs, around the end. */
export function stepFrom(groups: Groups, id: string | undefined, step: 1 | -1): string | undefined {
  const order = groups.flatMap(({ terminals }) => terminals)
  const at = order.findIndex((one) => one === id)
  return order.at((at + step) % order.length)
}
