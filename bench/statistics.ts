/** The value below which `share` (0 to 1) of the samples lie: nearest rank. */
export function percentile(samples: number[], share: number): number {
  const sorted = samples.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))] ?? Number.NaN
}

/** One line of a table: how often, p50, p95 and the largest, in milliseconds, and p50 as a multiple of a floor's. */
export function describeSamples(name: string, samples: number[], floor?: number[]): string {
  const p50 = percentile(samples, 0.5)
  const ratio = floor === undefined ? '' : `   ${(p50 / percentile(floor, 0.5)).toFixed(1)}× the floor`
  const figures = [p50, percentile(samples, 0.95), percentile(samples, 1)].map((value) => value.toFixed(1).padStart(9))
  return `${name.padEnd(44)} n=${String(samples.length).padStart(3)}   p50 ${figures[0]} ms   p95 ${figures[1]} ms   max ${figures[2]} ms${ratio}`
}
