/** `name` if nothing has it, else "name copy", "name copy 2", … before its extension. */
export function freeName(name: string, taken: ReadonlySet<string>): string {
  if (!taken.has(name)) return name
  const dot = name.lastIndexOf('.')
  const [stem, extension] = dot > 0 ? [name.slice(0, dot), name.slice(dot)] : [name, '']
  for (let number = 1; ; number += 1) {
    const candidate = `${stem} copy${number === 1 ? '' : ` ${number}`}${extension}`
    if (!taken.has(candidate)) return candidate
  }
}
