import { z } from 'zod'

/** All bytes of a body; throws what `tooLarge` makes once there are more than `maxBytes`. */
export async function boundedBytes(
  body: AsyncIterable<unknown>,
  maxBytes: number,
  tooLarge: () => Error,
): Promise<Buffer<ArrayBuffer>> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of body) {
    const part = z.instanceof(Uint8Array).parse(chunk)
    bytes += part.length
    if (bytes > maxBytes) throw tooLarge()
    chunks.push(part)
  }
  return Buffer.concat(chunks)
}
