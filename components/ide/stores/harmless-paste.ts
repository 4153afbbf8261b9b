/**
 * Pasted text with one kind of line end, and without what would end a bracketed paste within it: what stands behind that
 * a shell takes for typed. An escape shows as its picture (U+241B), as other terminals have it.
 */
export function harmlessPaste(text: string): string {
  return text.replaceAll('\u001B', '\u241B').replaceAll(/\r\n?/g, '\n')
}
