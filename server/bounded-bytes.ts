import { z } from 'zod'

/** All bytes of a body; throws what `tooLarge` makes once there are more than `maxBytes`. */
export async function boundedBytes(
  body: AsyncIterable<unknown>,
  maxBytes: number,
  tooLarge: () => Error,
): Promise<Buffer<ArrayBuffer>> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of body) {
    const buffer = z.instanceof(Buffer).parse(chunk)
    bytes += buffer.length
    if (bytes > maxBytes) throw tooLarge()
    chunks.push(buffer)
  }
  return Buffer.concat(chunks)
}
