import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  closeSync,
  lstatSync,
  mkdirSync,
  openSync,
  readSync,
  readdirSync,
  readlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'

/** Everything that a round trip keeps of a folder, a line for each thing in it: names are bytes. */
export function describeTree(folder: string): string[] {
  const lines: string[] = []
  const visit = (place: Buffer, name: Buffer) => {
    const stats = lstatSync(place, { bigint: true })
    const mode = (stats.mode & 0o7777n).toString(8)
    const base = [name.toString('latin1'), stats.mtimeMs.toString()]
    if (stats.isSymbolicLink())
      lines.push(['symlink', ...base, readlinkSync(place, { encoding: 'buffer' }).toString('latin1')].join(' | '))
    else if (stats.isDirectory()) {
      lines.push(['directory', ...base, mode].join(' | '))
      const visitChildren = () => {
        for (const child of readdirSync(place, { encoding: 'buffer' }).sort((a, b) => a.compare(b)))
          visit(Buffer.concat([place, Buffer.from('/'), child]), Buffer.concat([name, Buffer.from('/'), child]))
      }
      whileAllowed({ place, mode: stats.mode, needed: 0o500n }, visitChildren)
    } else {
      const hash = whileAllowed({ place, mode: stats.mode, needed: 0o400n }, () => hashOf(place))
      lines.push(['file', ...base, mode, stats.size.toString(), hash].join(' | '))
    }
  }
  visit(Buffer.from(folder), Buffer.from(''))
  return lines
}

interface Guarded {
  place: Buffer
  mode: bigint
  /** Bits of the mode without which its owner could not read it. */
  needed: bigint
}

/** Reads what its mode may forbid its owner to read; modes and times stay as they are. */
function whileAllowed<T>({ place, mode, needed }: Guarded, read: () => T): T {
  if ((mode & needed) === needed) return read()
  chmodSync(place, Number(needed))
  try {
    return read()
  } finally {
    chmodSync(place, Number(mode & 0o7777n))
  }
}

function hashOf(file: Buffer): string {
  const hash = createHash('sha256')
  const fd = openSync(file, 'r')
  try {
    for (let read = readSync(fd, PART); read > 0; read = readSync(fd, PART)) hash.update(PART.subarray(0, read))
    return hash.digest('hex')
  } finally {
    closeSync(fd)
  }
}

const PART = Buffer.alloc(1024 * 1024)

/** A tree with everything that a file system allows and programs get wrong. */
export function makeNastyTree(workspace: string): void {
  execFileSync('bash', ['-c', NASTY], { cwd: workspace })
}

const FILES_PER_FOLDER = 100

/** Adds `count` small files, each another one, in folders of a hundred. */
export function addSmallFiles(workspace: string, count: number): void {
  for (let at = 0; at < count; at += 1) {
    const folder = join(workspace, `many-${Math.floor(at / FILES_PER_FOLDER)}`)
    if (at % FILES_PER_FOLDER === 0) mkdirSync(folder)
    writeFileSync(join(folder, `file-${at}.txt`), `line of file ${at}\n`.repeat(1 + (at % 40)))
  }
}

const NASTY = String.raw`
set -e
export LC_ALL=C
umask 022
echo 'console.log(1)' > index.js
printf '#!/bin/sh\necho hi\n' > run.sh && chmod 755 run.sh
echo secret > private && chmod 600 private
echo locked > unreadable && chmod 000 unreadable
echo x > setuid && chmod 4755 setuid
echo ro > readonly && chmod 444 readonly
mkdir shared && chmod 2775 shared
mkdir sticky && chmod 1777 sticky
mkdir closed && echo in > closed/inside && mkdir closed/deeper && chmod 555 closed
mkdir 'empty folder' && mkdir -p nested/empty/folders
: > empty.txt
ln -s index.js link
ln -s missing/target dangling
ln -s /etc/passwd absolute
ln -s ../../.. outside
ln -s . self
ln -s loop loop
ln -s $'bad-\xff-target' badlink
echo shared > hard1 && ln hard1 hard2
touch -h -d '2001-02-03 04:05:06.789' link
truncate -s 5M sparse && echo end >> sparse
head -c 3500000 /dev/urandom > big.bin
head -c 1048576 /dev/urandom > exact-chunk.bin
head -c 2097152 /dev/zero > zeros.bin
echo nfc > $'caf\xc3\xa9' && echo nfd > $'cafe\xcc\x81'
echo bad > $'invalid-\xff\xfe.txt' && mkdir $'dir-\xc3(' && echo in > $'dir-\xc3(/file'
echo nl > $'new\nline' && echo tab > $'tab\t' && echo sp > ' leading and trailing ' && echo q > 'quote"\\back'
echo dash > ./-rf && echo dot > ./...
long=$(printf 'n%.0s' $(seq 255)) && echo long > "$long"
mkdir -p a/b a-b && echo 1 > a/b/c && echo 2 > a-b/c && echo 3 > a.txt
(for i in $(seq 60); do d=$(printf "d%.0s" $(seq 60)); mkdir $d; cd $d; echo $i > file; done)
`
