/** Longest line of a progress stream, in characters. */
export const MAX_JSON_LINE_CHARS = 256 * 1024

/** The values of a stream of JSON lines (`application/x-ndjson`). Empty lines are skipped; an overlong one throws. */
export async function* parseJsonLines(stream: AsyncIterable<Uint8Array>): AsyncGenerator {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const bytes of stream) {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    if (rest.length > MAX_JSON_LINE_CHARS) throw new RangeError('a line of a progress stream is too long')
    for (const line of lines) if (line.trim() !== '') yield JSON.parse(line)
  }
  if (rest.trim() !== '') yield JSON.parse(rest)
}
