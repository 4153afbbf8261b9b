const ESC = '\u001b'

/**
 * Whether `text` is what a terminal answers to a program's query (cursor position, device attributes, mode, colour,
 * focus), not what somebody typed. Replayed output holds old queries; answering them again would type into the shell.
 */
export function isDeviceReport(text: string): boolean {
  if (!text.startsWith(ESC)) return false
  const rest = text.slice(1)
  // Cursor, attributes, status; mode; kitty's keyboard; what begins with DCS, OSC or APC; focus.
  return /^\[(?:[?>]?[\d;]*[Rcn]|\??[\d;]*\$y|\?\d+u|[IO])$/.test(rest) || /^[P\]_]./.test(rest)
}
