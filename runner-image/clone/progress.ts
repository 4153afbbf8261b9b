/** A step of `git clone --progress`, such as "Receiving objects", and how far it is. */
export interface CloneProgress {
  message: string
  percent?: number
}

const STEP = /^(?:remote: )?([A-Z][A-Za-z ]+?):\s+(\d{1,3})% /

/** Makes progress from what git writes to standard error: each step and percent once. */
export function createProgressParser(onProgress: (progress: CloneProgress) => void): (text: string) => void {
  let rest = ''
  let last = ''
  return (text) => {
    const lines = (rest + text).split(/[\r\n]/)
    rest = (lines.pop() ?? '').slice(-1000)
    for (const line of lines) {
      const [, message, percent] = STEP.exec(line) ?? []
      if (message === undefined || `${message} ${percent}` === last) continue
      last = `${message} ${percent}`
      onProgress({ message, percent: Math.min(100, Number(percent)) })
    }
  }
}
