import type { Found } from '#protocol/text-search.ts'

/** `3 files`, `1 file`. */
export function countOf(count: number, noun: string): string {
  return `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`
}

/** What is shown of what was found, and what was left out. */
export function foundWords(found: Found, { shown, files }: { shown: number; files: number }): string {
  const { matches, filesSearched, filesTooLarge, stoppedBy } = found
  const words: string[] = []
  if (matches > 0) words.push(`${countOf(shown, 'result')} in ${countOf(files, 'file')}.`)
  else words.push(`Nothing found in ${countOf(filesSearched, 'file')}.`)
  if (stoppedBy !== undefined) words.push(STOPPED[stoppedBy])
  if (filesTooLarge > 0) words.push(`${countOf(filesTooLarge, 'file')} of more than 8 MiB not searched.`)
  return words.join(' ')
}

const STOPPED = {
  matches: 'There are more: look for more words, or in fewer files.',
  time: 'It took too long, so there may be more: search in fewer files.',
  files: 'There are too many files to search them all: choose where.',
} as const
