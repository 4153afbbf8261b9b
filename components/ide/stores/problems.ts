/** Something that the editor finds wrong in a file that is open. Line and column are counted from one. */
export interface Problem {
  path: string
  line: number
  column: number
  message: string
  severity: 'error' | 'warning'
}

/** How many there are: "2 errors, 1 warning". */
export function problemWords(problems: readonly Problem[]): string {
  const errors = problems.filter(({ severity }) => severity === 'error').length
  const warnings = problems.length - errors
  return [
    ...(errors > 0 ? [`${errors} ${errors === 1 ? 'error' : 'errors'}`] : []),
    ...(warnings > 0 ? [`${warnings} ${warnings === 1 ? 'warning' : 'warnings'}`] : []),
  ].join(', ')
}
