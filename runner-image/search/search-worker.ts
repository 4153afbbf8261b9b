import { parentPort } from 'node:worker_threads'
import * as z from 'zod'
import { glob } from './glob.ts'
import { grep } from './grep.ts'
import { searchRequestSchema } from './search-messages.ts'

/** Entry point of the thread that searches: a pattern that takes forever holds up nobody but itself. */
const messageSchema = z.object({ id: z.int(), search: searchRequestSchema })

parentPort?.on('message', (message: unknown) => {
  const { id, search } = messageSchema.parse(message)
  try {
    parentPort?.postMessage({ id, answer: search.kind === 'glob' ? glob(search) : grep(search) }, [])
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    const advice = error instanceof SyntaxError ? ESCAPE : undefined
    parentPort?.postMessage({ id, answer: { kind: 'refused', reason, advice } }, [])
  }
})

const ESCAPE = 'Put a backslash before a character that is meant as itself: \\( for a bracket.'
