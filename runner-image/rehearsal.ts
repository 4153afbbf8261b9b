import { Pty } from './terminal/pty.ts'
import { shellCommand } from './terminal/terminals.ts'

/**
 * Opens a terminal that ends at once, while nobody waits for this sandbox: what is loaded and met for the first time then
 * is ready. Nothing depends on it.
 */
export async function rehearse(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const command = shellCommand({ args: ['-c', ':'], env: {}, cwd: '/', cols: 80, rows: 24 })
  void new Pty(command, { onOutput: () => undefined, onEnd: () => resolve() })
  await promise
}
