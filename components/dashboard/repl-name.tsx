import Link from 'next/link'
import { ReplPeople } from '#components/dashboard/repl-people.tsx'
import { TemporaryBadge } from '#components/temporary.tsx'
import { Badge } from '#components/ui/badge.tsx'
import type { ReplView } from '#server/repls/views.ts'

/** A repl's name, which leads to it; who is in it; whose it is, if not one's own; the repository it came from. */
export function ReplName({ repl, now }: { repl: ReplView; now: number }) {
  const { id, name, role, owner, source, people } = repl
  return (
    <div className="min-w-0">
      <div className="flex min-w-0 items-center gap-2">
        <Link
          data-row-link
          href={`/r/${id}`}
          prefetch={false}
          className="truncate text-base font-medium text-text after:absolute after:inset-0 focus-visible:outline-none focus-visible:after:outline-2 focus-visible:after:-outline-offset-2 focus-visible:after:outline-focus"
        >
          {name}
        </Link>
        <TemporaryBadge repl={repl} now={now} />
        {people !== undefined && <ReplPeople people={people} />}
        {role !== 'owner' && (
          <Badge title={`Shared by ${owner.name}`} className="max-w-40">
            <span className="truncate">
              {owner.name} · {role}
            </span>
          </Badge>
        )}
      </div>
      {source.kind === 'git' && (
        <p className="truncate text-xs leading-4 text-muted max-md:hidden">
          {shortUrl(source.url)}
          {source.branch !== undefined && ` · ${source.branch}`}
        </p>
      )}
    </div>
  )
}

function shortUrl(url: string): string {
  return url.replace(/^https?:\/\/(?:[^/@]*@)?/, '').replace(/\.git$/, '')
}
