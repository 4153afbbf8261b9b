import type { RequestListener } from 'node:http'

/** A request listener whose answers come from another one, which is made later. */
export interface LateListener {
  listener: RequestListener
  /** Who answers, those that have waited first. */
  answerWith: (listener: RequestListener) => void
}

/**
 * For servers whose clients may call before there is anybody to answer: sandboxes that were there before us say at once
 * what they could not say meanwhile. Without a listener Node drops a request without a word, and its caller waits.
 */
export function createLateListener(): LateListener {
  const { promise: made, resolve: answerWith } = Promise.withResolvers<RequestListener>()
  return { listener: (request, response) => void made.then((listener) => listener(request, response)), answerWith }
}
