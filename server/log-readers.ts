/**
 * Lets this process outlive whoever reads its log: a pipe that is closed fails each write, and an error that nobody hears
 * is written to the log in turn, for ever.
 */
export function outliveLogReaders(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined)
}
