import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export interface TreeSize {
  files: number
  bytes: number
}

const FILES_PER_FOLDER = 40

/** Fills a folder with files of made-up source text (compresses about as source does), the same at each run. */
export function writeSourceTree(folder: string, { files, bytes }: TreeSize): void {
  const random = randomNumbers(files)
  for (let at = 0; at < files; at += 1) {
    const path = pathOf(at)
    if (at % FILES_PER_FOLDER === 0) mkdirSync(join(folder, path, '..'), { recursive: true })
    // Most files are small and some are large, as in a project: between an eighth and 15 eighths of the mean.
    writeFileSync(join(folder, path), sourceText(random, Math.round((bytes / files) * (0.125 + 1.75 * random()))))
  }
}

/** Changes `count` files spread over the tree; `round` makes the change another one each time. */
export function changeFiles(
  folder: string,
  { files }: TreeSize,
  { count, round }: { count: number; round: number },
): void {
  for (let at = 0; at < count; at += 1)
    writeFileSync(join(folder, pathOf(Math.floor((at * files) / count))), `changed in round ${round}\n`, { flag: 'a' })
}

function pathOf(at: number): string {
  const folder = Math.floor(at / FILES_PER_FOLDER)
  return `part-${Math.floor(folder / 20)}/module-${folder % 20}/file-${at % FILES_PER_FOLDER}.ts`
}

function sourceText(random: () => number, length: number): string {
  let text = ''
  while (text.length < length) {
    const indent = '  '.repeat(Math.floor(random() * 4))
    const words = Array.from({ length: 3 + Math.floor(random() * 8) }, () => wordOf(Math.floor(random() ** 3 * 4000)))
    text += `${indent}${words.join(' ')};\n`
  }
  return text.slice(0, length)
}

function wordOf(number: number): string {
  return `${'abcdefghijklmnopqrst'[number % 20]}${(number * 7919).toString(36)}`
}

/** Numbers from 0 to 1 that depend on the seed only (a linear congruential generator, after Numerical Recipes). */
function randomNumbers(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}
