/** `name` if nothing has it, else "name copy", "name copy 2", … before its extension. */
export function freeName(name: string, taken: ReadonlySet<string>): string {
  if (!taken.has(name)) return name
  return firstFree(name, taken, (count) => ` copy${count === 1 ? '' : ` ${count}`}`)
}

/** The first of "name (2)", "name (3)", … before its extension that nothing has: a second one beside `name`. */
export function numberedName(name: string, taken: ReadonlySet<string>): string {
  return firstFree(name, taken, (count) => ` (${count + 1})`)
}

function firstFree(name: string, taken: ReadonlySet<string>, mark: (count: number) => string): string {
  const dot = name.lastIndexOf('.')
  const [stem, extension] = dot > 0 ? [name.slice(0, dot), name.slice(dot)] : [name, '']
  for (let count = 1; ; count += 1) {
    const candidate = stem + mark(count) + extension
    if (!taken.has(candidate)) return candidate
  }
}
