const UNITS = ['B', 'KB', 'MB', 'GB', 'TB'] as const
const STEP = 1024

/** "0 B", "812 KB", "1.4 GB": at most three figures. */
export function byteSize(bytes: number): string {
  let value = bytes
  let unit = 0
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= STEP
    unit += 1
  }
  const figures = unit === 0 || value >= 99.95 ? value.toFixed(0) : value.toFixed(1)
  return `${figures.replace(/\.0$/, '')} ${UNITS[unit] ?? 'B'}`
}
