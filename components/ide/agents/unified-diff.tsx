import { cx } from '#components/ui/cx.ts'

/** A unified diff, line by line; a line says by its sign, not by its colour alone, what it is. */
export function UnifiedDiff({ text }: { text: string }) {
  return (
    <pre className="whitespace-pre-wrap rounded-md bg-canvas py-1.5 font-mono text-xs leading-5 text-soft [overflow-wrap:anywhere]">
      <code>
        {linesOf(text).map(({ at, line }) => (
          <span key={at} className={cx('block min-h-5 px-2', toneOf(line))}>
            {line}
          </span>
        ))}
      </code>
    </pre>
  )
}

function linesOf(text: string): { at: number; line: string }[] {
  let at = 0
  return text
    .replace(/\n$/, '')
    .split('\n')
    .map((line) => ({ at: at++, line }))
}

function toneOf(line: string): string {
  if (line.startsWith('+++') || line.startsWith('---')) return 'text-muted'
  if (line.startsWith('@@')) return 'text-accent-text'
  if (line.startsWith('+')) return 'bg-ok-soft text-text'
  return line.startsWith('-') ? 'bg-failed-soft text-text' : ''
}
