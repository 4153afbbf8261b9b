import { KEY_GROUPS } from '#components/site/key-bindings.ts'
import { Kbd } from '#components/ui/kbd.tsx'

/** Every key with what it does. */
export function KeysTable({ heading: Heading }: { heading: 'h2' | 'h3' }) {
  return (
    <div className="gap-x-10 sm:columns-2">
      {KEY_GROUPS.map((group) => (
        <section key={group.title} aria-label={group.title} className="break-inside-avoid pb-6">
          <Heading className="mb-1 text-sm font-medium text-muted">{group.title}</Heading>
          <dl className="divide-y divide-line">
            {group.keys.map((entry) => (
              <div key={entry.keys} className="flex items-center justify-between gap-4 py-1.5 text-sm">
                <dt className="text-soft">{entry.does}</dt>
                <dd>
                  <Kbd keys={entry.keys} />
                </dd>
              </div>
            ))}
          </dl>
        </section>
      ))}
    </div>
  )
}
