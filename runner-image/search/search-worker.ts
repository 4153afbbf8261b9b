import { parentPort } from 'node:worker_threads'
import * as z from 'zod'
import type { FoundFile } from '#protocol/text-search.ts'
import { findText } from './find-text.ts'
import { glob } from './glob.ts'
import { grep } from './grep.ts'
import { searchRequestSchema } from './search-messages.ts'
import type { SearchRequest } from './search-messages.ts'

/** Entry point of the thread that searches: a pattern that takes forever holds up nobody but itself. */
const messageSchema = z.object({ id: z.int(), search: searchRequestSchema })

parentPort?.on('message', (message: unknown) => {
  const { id, search } = messageSchema.parse(message)
  try {
    const answer = answerTo(search, (found) => parentPort?.postMessage({ id, found }, []))
    parentPort?.postMessage({ id, answer }, [])
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    const advice = error instanceof SyntaxError ? ESCAPE : undefined
    parentPort?.postMessage({ id, answer: { kind: 'refused', reason, advice } }, [])
  }
})

function answerTo(search: SearchRequest, tell: (found: FoundFile[]) => void) {
  switch (search.kind) {
    case 'glob':
      return glob(search)
    case 'grep':
      return grep(search)
    case 'find':
      return findText(search, tell)
  }
}

const ESCAPE = 'Put a backslash before a character that is meant as itself: \\( for a bracket.'
