import type { AgentHome, Outcome } from './agent-home.ts'

/** An address that asks to be let in, whole: what follows it is no part of it. Between control characters, as links are. */
const ASKS = /https?:\/\/[!-~]*?response_type=code[!-~]*(?=[^!-~])/
/** Wide enough that no terminal program breaks an address over lines. */
const WIDE = 'stty cols 4000'

/** Runs a command line that signs in through a browser; `visit` is the person who opens what it prints. */
export async function logIn(home: AgentHome, line: string, visit: (url: string) => Promise<void>): Promise<Outcome> {
  let visiting: Promise<void> | undefined
  const outcome = await home.inTerminal(`${WIDE}; ${line}`, (output) => {
    const [url] = ASKS.exec(output) ?? []
    if (url !== undefined) visiting ??= visit(url)
  })
  await visiting
  return outcome
}
