import type { IncomingMessage } from 'node:http'

/**
 * Whether a preview's request is somebody who comes to look: a page that is opened, or a program that is no browser
 * (Fetch Metadata, https://www.w3.org/TR/fetch-metadata/). What pages ask for by themselves (a frame of the IDE, a poll,
 * hot reload that connects again) must not wake a REPL that its owner has just put to sleep.
 */
export function isVisit({ headers }: IncomingMessage): boolean {
  const destination = headers['sec-fetch-dest']
  return destination === undefined || destination === 'document'
}
