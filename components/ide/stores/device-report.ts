const ESC = '\u001b'

/**
 * Whether `text` is what a terminal answers to a program's query (cursor position, device attributes, mode, colour,
 * focus), not what somebody typed. Replayed output holds old queries; answering them again would type into the shell.
 */
export function isDeviceReport(text: string): boolean {
  if (!text.startsWith(ESC)) return false
  const rest = text.slice(1)
  return (
    /^\[[?>]?[\d;]*[Rcny]$/.test(rest) || /^\[\?[\d;]*\$y$/.test(rest) || /^[P\]_]/.test(rest) || /^\[[IO]$/.test(rest)
  )
}
