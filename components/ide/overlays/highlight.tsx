/** Text with the matched characters set off. */
export function Highlight({ text, positions }: { text: string; positions: readonly number[] }) {
  const runs = runsOf(text, new Set(positions))
  return runs.map(({ start, part, isMatch }) =>
    isMatch ? (
      <b key={start} className="font-semibold text-accent-text">
        {part}
      </b>
    ) : (
      <span key={start}>{part}</span>
    ),
  )
}

interface TextRun {
  start: number
  part: string
  isMatch: boolean
}

function runsOf(text: string, matched: ReadonlySet<number>): TextRun[] {
  const runs: TextRun[] = []
  for (let at = 0; at < text.length; at += 1) {
    const last = runs.at(-1)
    const isMatch = matched.has(at)
    if (last?.isMatch === isMatch) last.part += text.charAt(at)
    else runs.push({ start: at, part: text.charAt(at), isMatch })
  }
  return runs
}
