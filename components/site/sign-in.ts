import { z } from 'zod'

const csrfSchema = z.object({ csrfToken: z.string() })
const answerSchema = z.object({ url: z.string() })

const UNREACHABLE = 'The server could not be reached. Check the connection and try again.'

/** Begins a sign-in and leaves the page; the answer is what went wrong, if anything did. */
export function signIn(provider: 'github' | 'local', callbackUrl: string): Promise<string | undefined> {
  // next-auth takes credentials at `callback`, everything else at `signin`.
  const action = provider === 'local' ? 'callback' : 'signin'
  return post(`/api/auth/${action}/${provider}`, callbackUrl)
}

/** Ends this browser's sign-in and goes to the first page; the answer is what went wrong, if anything did. */
export function signOut(): Promise<string | undefined> {
  return post('/api/auth/signout', '/')
}

async function post(path: string, callbackUrl: string): Promise<string | undefined> {
  try {
    const csrf = csrfSchema.parse(await (await fetch('/api/auth/csrf')).json())
    const answer = await fetch(path, {
      method: 'POST',
      body: new URLSearchParams({ csrfToken: csrf.csrfToken, callbackUrl, json: 'true' }),
    })
    window.location.assign(answerSchema.parse(await answer.json()).url)
    return undefined
  } catch {
    return UNREACHABLE
  }
}
