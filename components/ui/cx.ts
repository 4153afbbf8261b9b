/** Joins class names; falsy ones fall away. The caller's `className` goes last. */
export function cx(...names: (string | false | null | undefined)[]): string {
  return names.filter(Boolean).join(' ')
}
