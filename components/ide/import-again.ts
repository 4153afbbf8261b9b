/** Attempts at loading a part of the page, and the wait before each further one. */
const ATTEMPTS = 4
const WAIT_MS = 400

/**
 * Loads a part of the page, again if that fails: a browser drops what it is loading when the machine's network changes,
 * which it also does when a sandbox on this machine gets its own.
 */
export async function importAgain<T>(load: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await load()
    } catch (error) {
      if (attempt === ATTEMPTS) throw error
      await new Promise((resolve) => setTimeout(resolve, WAIT_MS * attempt))
    }
  }
}
