/** Most bytes that one UTF-16 unit becomes in UTF-8. */
const MAX_BYTES_PER_UNIT = 3

/** Whether a text takes more than `limit` bytes in UTF-8. It is encoded only where its length does not tell already. */
export function isLongerThan(text: string, limit: number): boolean {
  if (text.length > limit) return true
  return text.length * MAX_BYTES_PER_UNIT > limit && new TextEncoder().encode(text).length > limit
}
