import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { envExample } from '#server/env.ts'
import { PROTOCOL_CODE, protocolCode } from './gen-protocol.ts'
import { ROOT } from './root.ts'

/** Files made from code, and what they should say. */
const GENERATED: { path: string; text: () => string | Promise<string> }[] = [
  { path: '.env.example', text: envExample },
  { path: PROTOCOL_CODE, text: protocolCode },
]

/** The generated files that are not what the code says, with the way out. */
export async function checkGenerated(): Promise<string[]> {
  const stale = await Promise.all(
    GENERATED.map(async ({ path, text }) =>
      (await readFile(join(ROOT, path), 'utf8').catch(() => '')) === (await text())
        ? []
        : [`${path} is stale: run "npm run gen"`],
    ),
  )
  return stale.flat()
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  for (const { path, text } of GENERATED) await writeFile(join(ROOT, path), await text())
}
