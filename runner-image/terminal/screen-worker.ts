import { parentPort } from 'node:worker_threads'
import { SerializeAddon } from '@xterm/addon-serialize'
import { UnicodeGraphemesAddon } from '@xterm/addon-unicode-graphemes'
import { Terminal } from '@xterm/headless/lib-headless/xterm-headless.mjs'
import * as z from 'zod'
import { MAX_SCREEN_PAYLOAD_BYTES } from '#protocol/limits.ts'
import { SCREEN_SCROLLBACK_LINES } from '../limits.ts'
import { LeftOut, MAX_LEFT_OUT_BYTES } from './left-out.ts'
import type { ScreenAnswer } from './screen-messages.ts'

/** The worker thread of `Screens`: plays a history into a headless terminal and writes its state out. */

const requestSchema = z.object({
  id: z.int(),
  bytes: z.instanceof(Uint8Array),
  sizes: z.array(z.object({ at: z.int(), cols: z.int(), rows: z.int() })).min(1),
})

parentPort?.on('message', (message: unknown) => {
  const { id, bytes, sizes } = requestSchema.parse(message)
  void draw(bytes, sizes).then((payload) => parentPort?.postMessage({ id, payload } satisfies ScreenAnswer, []))
})

async function draw(bytes: Uint8Array, sizes: z.infer<typeof requestSchema>['sizes']): Promise<Uint8Array> {
  const terminal = new Terminal({ ...sizes[0], scrollback: SCREEN_SCROLLBACK_LINES, allowProposedApi: true })
  const serializer = new SerializeAddon()
  terminal.loadAddon(serializer)
  // As the page counts the columns of emoji.
  terminal.loadAddon(new UnicodeGraphemesAddon())
  const leftOut = new LeftOut(terminal)
  for (const [index, size] of sizes.entries()) {
    terminal.resize(size.cols, size.rows)
    leftOut.resized()
    const part = bytes.subarray(size.at, sizes[index + 1]?.at)
    await new Promise<void>((resolve) => terminal.write(part, resolve))
  }
  const payload = Buffer.concat([serialize(serializer), Buffer.from(leftOut.suffix())])
  terminal.dispose()
  return payload
}

function serialize(serializer: SerializeAddon): Uint8Array {
  const encoder = new TextEncoder()
  for (let scrollback = SCREEN_SCROLLBACK_LINES; scrollback >= 1; scrollback = Math.floor(scrollback / 2)) {
    const payload = encoder.encode(serializer.serialize({ scrollback }))
    if (payload.length <= MAX_SCREEN_PAYLOAD_BYTES - MAX_LEFT_OUT_BYTES) return payload
  }
  return encoder.encode(serializer.serialize({ scrollback: 0 }))
}
