import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ZipFile } from 'yazl'
import type { Principal } from '#server/auth/principal.ts'
import type { Context } from '#server/context.ts'
import { user } from '#server/repls/_domain.ts'
import { LIMIT_MS, stage, why } from '#server/repls/_stage.ts'
import { downloadArchive } from '#server/transfers/download-archive.ts'
import { MAX_IMPORTS_AT_ONCE, MAX_IMPORT_BYTES } from '#server/transfers/limits.ts'
import { uploadImport } from '#server/transfers/upload-import.ts'

const ORIGIN = 'http://localhost:3000'
const ada = user('Ada')

/** The application as somebody sees it who is signed in, or nobody. */
function seenBy(app: Context, who: Principal | undefined): Context {
  return { ...app, auth: { ...app.auth, principalOf: async () => who } }
}

async function zip(): Promise<Blob> {
  const file = new ZipFile()
  file.addBuffer(Buffer.from('hello'), 'hello.txt')
  file.end()
  const parts: Buffer<ArrayBuffer>[] = []
  for await (const part of file.outputStream) parts.push(Buffer.from(part))
  return new Blob(parts)
}

const importing = async (headers: Record<string, string>, query = '') =>
  new Request(`${ORIGIN}/api/import${query}`, { method: 'POST', headers, body: await zip() })

test('the pod of a control plane has room for as many zips as may come in at once, and some more', async () => {
  const manifest = await readFile(join(import.meta.dirname, '../../k8s/base/control-plane.yaml'), 'utf8')
  const [, gib] = /emptyDir:\s+sizeLimit: (\d+)Gi\n/.exec(manifest) ?? []
  expect(Number(gib) * 1024 ** 3).toBeGreaterThan(MAX_IMPORTS_AT_ONCE * MAX_IMPORT_BYTES)
})

describe.skipIf(why !== '')(`archives over HTTP${why}`, () => {
  test(
    'a zip is taken from a page of ours and from somebody signed in, and from nobody else',
    { timeout: LIMIT_MS },
    async () => {
      await using s = await stage()
      const asAda = seenBy(s.app.context, ada)
      expect((await uploadImport(await importing({ origin: 'http://evil.example' }), asAda)).status).toBe(403)
      expect((await uploadImport(await importing({}), asAda)).status).toBe(403)
      const nobody = seenBy(s.app.context, undefined)
      expect((await uploadImport(await importing({ origin: ORIGIN }), nobody)).status).toBe(401)
      expect((await uploadImport(await importing({ origin: ORIGIN }, '?name=%00'), asAda)).status).toBe(400)
      const empty = new Request(`${ORIGIN}/api/import`, { method: 'POST', headers: { origin: ORIGIN } })
      expect((await uploadImport(empty, asAda)).status).toBe(400)
      expect(await s.app.context.repls.list(ada)).toEqual([])

      const made = await uploadImport(await importing({ origin: ORIGIN }, '?name=Greeting'), asAda)
      expect(made.status).toBe(200)
      expect(await made.json()).toMatchObject({ name: 'Greeting', role: 'owner' })
    },
  )

  test(
    'a zip lies in the data folder while it comes in; what a killed process left of one goes at the next start',
    { timeout: LIMIT_MS },
    async () => {
      const data = await mkdtemp(join(tmpdir(), 'devex-uploads-'))
      try {
        const uploads = join(data, 'uploads')
        await mkdir(join(uploads, 'import-killed'), { recursive: true })
        await writeFile(join(uploads, 'import-killed/upload.zip'), 'PK')
        await using s = await stage({ data })
        expect(await readdir(uploads)).toEqual([])

        const bytes = await (await zip()).bytes()
        let during: string[] = []
        const body = new ReadableStream<Uint8Array>(
          {
            pull: async (controller) => {
              during = await readdir(uploads)
              controller.enqueue(bytes)
              controller.close()
            },
          },
          { highWaterMark: 0 },
        )
        // `duplex` is what fetch asks of a body that is a stream; the DOM's types do not know it.
        const init = { method: 'POST', headers: { origin: ORIGIN }, body, duplex: 'half' }
        const request = new Request(`${ORIGIN}/api/import`, init)
        expect((await uploadImport(request, seenBy(s.app.context, ada))).status).toBe(200)
        expect(during).toEqual([expect.stringMatching(/^import-/)])
        expect(await readdir(uploads)).toEqual([])
      } finally {
        await rm(data, { recursive: true, force: true })
      }
    },
  )

  test(
    'one zip at a time of each, others meanwhile; one that falls silent ends, in words, and leaves nothing',
    { timeout: LIMIT_MS },
    async () => {
      await using s = await stage()
      const asAda = seenBy(s.app.context, ada)
      const isRead = Promise.withResolvers<void>()
      const isGoingOn = Promise.withResolvers<void>()
      const body = new ReadableStream<Uint8Array>(
        {
          pull: async () => {
            isRead.resolve()
            await isGoingOn.promise
          },
        },
        { highWaterMark: 0 },
      )
      // `duplex` is what fetch asks of a body that is a stream; the DOM's types do not know it.
      const init = { method: 'POST', headers: { origin: ORIGIN }, body, duplex: 'half' }
      const slow = uploadImport(new Request(`${ORIGIN}/api/import`, init), asAda, { silenceMs: 1000 })
      await isRead.promise
      const second = await uploadImport(await importing({ origin: ORIGIN }), asAda)
      expect([second.status, await second.text()]).toEqual([
        429,
        expect.stringContaining('A zip of yours is being imported.'),
      ])
      const asBob = seenBy(s.app.context, user('Bob'))
      expect((await uploadImport(await importing({ origin: ORIGIN }), asBob)).status).toBe(200)
      const silent = await slow
      expect([silent.status, await silent.text()]).toEqual([
        408,
        expect.stringContaining('Nothing came of the zip for 1 s.'),
      ])
      isGoingOn.resolve()
      expect(await readdir(s.app.context.uploads)).toEqual([])
      expect((await uploadImport(await importing({ origin: ORIGIN }), asAda)).status).toBe(200)
    },
  )

  test('nothing of a zip is read for which there is no room', { timeout: LIMIT_MS }, async () => {
    await using s = await stage()
    for (let count = 0; count < s.app.context.env.REPLS_PER_USER; count++)
      expect((await uploadImport(await importing({ origin: ORIGIN }), seenBy(s.app.context, ada))).status).toBe(200)
    const request = await importing({ origin: ORIGIN })
    const refused = await uploadImport(request, seenBy(s.app.context, ada))
    expect([refused.status, await refused.text()]).toEqual([403, expect.stringContaining('quota_exceeded')])
    expect(request.bodyUsed).toBe(false)
  })

  test(
    'an archive goes to who may see the REPL, under a name of its own, for no other site',
    { timeout: LIMIT_MS },
    async () => {
      await using s = await stage()
      const { id } = await s.app.context.repls.create(ada, {
        name: 'Größe "1"',
        source: { kind: 'template', template: 'empty' },
      })
      await s.volumeOf(id)
      const request = (query = '') => new Request(`${ORIGIN}/r/${id}/archive${query}`)
      expect((await downloadArchive(request(), seenBy(s.app.context, undefined), id)).status).toBe(401)
      expect((await downloadArchive(request(), seenBy(s.app.context, user('Eve')), id)).status).toBe(404)
      const asAda = seenBy(s.app.context, ada)
      expect((await downloadArchive(request('?format=rar'), asAda, id)).status).toBe(400)
      expect((await downloadArchive(request('?snapshot=none'), asAda, id)).status).toBe(404)
      expect((await downloadArchive(request(), asAda, '../../etc')).status).toBe(400)

      const answer = await downloadArchive(request('?format=tar.gz'), asAda, id)
      expect(answer.status).toBe(200)
      expect(answer.headers.get('content-disposition')).toBe(
        `attachment; filename="Gr__e _1_.tar.gz"; filename*=UTF-8''Gr%C3%B6%C3%9Fe%20%221%22.tar.gz`,
      )
      expect(answer.headers.get('cross-origin-resource-policy')).toBe('same-origin')
      const bytes = new Uint8Array(await answer.arrayBuffer())
      expect([...bytes.subarray(0, 2)]).toEqual([0x1f, 0x8b])
    },
  )
})
