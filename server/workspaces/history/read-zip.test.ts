import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ZipFile } from 'yazl'
import { displayName } from '#snapshot/byte-string.ts'
import { readZip } from '#server/workspaces/history/read-zip.ts'

const LIMITS = { maxBytes: 1024 * 1024 }
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'devex-zip-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

interface Item {
  name: string
  content: string
  mode?: number
}

async function zipOf(items: Item[], { compress = false } = {}): Promise<Buffer> {
  const zip = new ZipFile()
  for (const { name, content, mode = 0o100644 } of items) {
    if (name.endsWith('/')) zip.addEmptyDirectory(name)
    else zip.addBuffer(Buffer.from(content), name, { mode, compress })
  }
  zip.end()
  const parts: Buffer[] = []
  for await (const part of zip.outputStream) parts.push(Buffer.from(part))
  return Buffer.concat(parts)
}

/** What comes out of a zip: a line for each thing but the roots. */
async function read(bytes: Uint8Array, limits = LIMITS): Promise<string[]> {
  const file = join(folder, 'test.zip')
  await writeFile(file, bytes)
  const lines: string[] = []
  for await (const entry of readZip(file, limits)) {
    if (entry.path === '') continue
    const place = `${entry.type} ${displayName(entry.path)} ${entry.mode.toString(8)}`
    if (entry.type !== 'file') lines.push(entry.type === 'symlink' ? `${place} ${entry.target}` : place)
    else lines.push(`${place} ${Buffer.concat(await Array.fromAsync(entry.content)).toString('utf8')}`)
  }
  return lines
}

/** The same zip with other bytes in the place of some: lengths stay, so that it stays a zip. */
function forged(zip: Buffer, from: string, to: string): Buffer {
  return Buffer.from(zip.toString('latin1').replaceAll(from, to), 'latin1')
}

describe('a zip', () => {
  test('comes with its folders, modes and links', async () => {
    const zip = await zipOf([
      { name: 'a/b/run.sh', content: 'echo', mode: 0o100755 },
      { name: 'top.txt', content: 'x' },
      { name: 'link', content: 'top.txt', mode: 0o120777 },
    ])
    expect(await read(zip)).toEqual([
      'directory a 755',
      'directory a/b 755',
      'file a/b/run.sh 755 echo',
      'file top.txt 644 x',
      'symlink link 777 top.txt',
    ])
  })

  test('loses the one folder that is around all of it', async () => {
    const zip = await zipOf([
      { name: 'project-main/a.txt', content: 'a' },
      { name: 'project-main/src/b.txt', content: 'b' },
    ])
    expect(await read(zip)).toEqual(['file a.txt 644 a', 'directory src 755', 'file src/b.txt 644 b'])
  })

  test.each([
    ['AA/evil.txt', '../evil.txt'],
    ['AAAAevil.txt', 'A/../evil.tx'],
    ['AAevil.txt', '//evil.txt'],
    ['Aevil.txt', '/evil.txt'],
  ])('S8: a name that leads out of the project is refused: %s as %s', async (name, evil) => {
    const zip = forged(
      await zipOf([
        { name, content: 'x' },
        { name: 'other', content: 'y' },
      ]),
      name,
      evil,
    )
    await expect(read(zip)).rejects.toMatchObject({ code: 'bad_request' })
  })

  test('that unpacks to more than there is room for is refused before anything is read', async () => {
    const zip = await zipOf([{ name: 'large', content: 'x'.repeat(2000) }])
    await expect(read(zip, { maxBytes: 1999 })).rejects.toMatchObject({ code: 'too_large' })
    expect(await read(zip, { maxBytes: 2000 })).toHaveLength(1)
  })

  test('that implies more folders, or longer paths, than it may is refused before any of them is made', async () => {
    const deep = (top: number) => `${top}/${'a/'.repeat(1500)}f`
    const many = await zipOf(Array.from({ length: 80 }, (_, top) => ({ name: deep(top), content: '' })))
    expect(many.length).toBeLessThan(1024 ** 2)
    await expect(read(many)).rejects.toMatchObject({ code: 'too_large', message: expect.stringContaining('too deep') })
    const named = [
      { name: 'a/', content: '' },
      { name: 'a/f', content: '' },
      { name: 'b/', content: '' },
      { name: 'b/f', content: '' },
    ]
    const limits = { ...LIMITS, maxEntries: 4 }
    expect(await read(await zipOf(named), limits)).toHaveLength(4)
    await expect(read(await zipOf([...named, { name: 'c', content: '' }]), limits)).rejects.toMatchObject({
      code: 'too_large',
    })
    const implied = await zipOf([1, 2, 3].map((at) => ({ name: `${at}/f`, content: '' })))
    await expect(read(implied, limits)).rejects.toMatchObject({
      code: 'too_large',
      message: 'This zip holds more than 4 files and folders.',
    })
  })

  test.each(['', 'a\0b'])('with a link to %j, which nobody could make, is refused', async (content) => {
    const zip = await zipOf([{ name: 'link', content, mode: 0o120777 }])
    await expect(read(zip)).rejects.toMatchObject({ code: 'bad_request', message: expect.stringContaining('"link"') })
  })

  test('that lies about a size is refused while it is read', async () => {
    const zip = await zipOf([{ name: 'large', content: 'x'.repeat(2000) }])
    const less = Buffer.alloc(4)
    less.writeUInt32LE(10)
    const central = zip.lastIndexOf(Buffer.from('PK\u0001\u0002', 'latin1'))
    const lie = Buffer.from(zip)
    less.copy(lie, central + 24)
    await expect(read(lie)).rejects.toMatchObject({ code: 'bad_request' })
  })

  test('with a password is refused in words', async () => {
    const zip = await zipOf([{ name: 'secret', content: 'x' }], { compress: true })
    const central = zip.lastIndexOf(Buffer.from('PK\u0001\u0002', 'latin1'))
    zip.writeUInt16LE(zip.readUInt16LE(central + 8) | 1, central + 8)
    await expect(read(zip)).rejects.toMatchObject({ message: 'This zip has a password.' })
  })

  test.each([
    ['nothing', Buffer.alloc(0)],
    ['text', Buffer.from('hello, this is no zip')],
  ])('that is %s is refused in words', async (_, bytes) => {
    await expect(read(bytes)).rejects.toMatchObject({ message: 'This is not a zip, or it is damaged.' })
  })

  test('that is cut short is refused', async () => {
    const zip = await zipOf([{ name: 'a', content: 'x'.repeat(500) }])
    await expect(read(zip.subarray(0, 300))).rejects.toMatchObject({ code: 'bad_request' })
  })
})
