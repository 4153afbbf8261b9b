/** A match and where it is: positions of the matched characters, for drawing them. */
export interface FuzzyMatch {
  score: number
  positions: number[]
}

const SCORE = { match: 1, consecutive: 4, wordStart: 3, afterSlash: 5, inName: 2 } as const
const SEPARATORS = '/._- '

/**
 * Whether the letters of `query` occur in `text` in that order, whatever the case, and how well: runs, beginnings of
 * words and the file's own name count more, long paths less.
 */
export function fuzzyMatch(query: string, text: string): FuzzyMatch | undefined {
  const wanted = query.toLowerCase().replaceAll(' ', '')
  if (wanted === '') return { score: 0, positions: [] }
  const nameStart = text.lastIndexOf('/') + 1
  return better(matchFrom(wanted, text, nameStart), matchFrom(wanted, text, 0))
}

function better(one: FuzzyMatch | undefined, other: FuzzyMatch | undefined): FuzzyMatch | undefined {
  if (one === undefined || other === undefined) return one ?? other
  return one.score >= other.score ? one : other
}

function matchFrom(wanted: string, text: string, start: number): FuzzyMatch | undefined {
  const lower = text.toLowerCase()
  const nameStart = text.lastIndexOf('/') + 1
  const positions: number[] = []
  let score = 0
  let at = start - 1
  for (const letter of wanted) {
    const next = lower.indexOf(letter, at + 1)
    if (next === -1) return undefined
    score += SCORE.match + (next >= nameStart ? SCORE.inName : 0)
    if (next === at + 1 && positions.length > 0) score += SCORE.consecutive
    const before = text[next - 1]
    if (before === undefined || before === '/') score += SCORE.afterSlash
    else if (SEPARATORS.includes(before)) score += SCORE.wordStart
    positions.push(next)
    at = next
  }
  return { score: score - text.length / 100, positions }
}
