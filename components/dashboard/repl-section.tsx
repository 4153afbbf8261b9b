import { useId } from 'react'
import { ReplRow } from '#components/dashboard/repl-row.tsx'
import type { ReplRowsProps } from '#components/dashboard/repl-row.tsx'
import type { ReplView } from '#server/repls/views.ts'

interface ReplSectionProps extends ReplRowsProps {
  title: string
  repls: ReplView[]
}

/** A titled list of repls; nothing where there are none. */
export function ReplSection({ title, repls, ...rows }: ReplSectionProps) {
  const id = useId()
  if (repls.length === 0) return null
  return (
    <section aria-labelledby={id}>
      <h2 id={id} className="mb-2 flex items-baseline gap-2 text-sm font-medium text-muted">
        {title}
        <span className="text-xs tabular-nums text-faint">{repls.length}</span>
      </h2>
      <ul className="divide-y divide-line overflow-hidden rounded-lg border border-line">
        {repls.map((repl) => (
          <ReplRow key={repl.id} repl={repl} {...rows} />
        ))}
      </ul>
    </section>
  )
}
