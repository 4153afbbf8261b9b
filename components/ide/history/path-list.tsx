import { File, Folder } from 'lucide-react'
import { cx } from '#components/ui/cx.ts'
import { nameOf } from '#protocol/paths.ts'
import type { TreeEntry } from '#server/workspaces/history/workspace-history.ts'

/** More than so many lines in a list help nobody; the archive has all. */
const MAX_SHOWN = 2000

interface PathListProps {
  entries: readonly TreeEntry[]
  chosen: string | undefined
  onChoose: (path: string) => void
}

/** Every file of a snapshot, below its folder. */
export function PathList({ entries, chosen, onChoose }: PathListProps) {
  const shown = entries.slice(0, MAX_SHOWN)
  return (
    <nav
      aria-label="Files in the backup"
      className="min-h-0 shrink-0 overflow-y-auto rounded-md border border-line py-1 max-sm:h-40 sm:w-64"
    >
      <ul>
        {shown.map(({ path, type }) => {
          const indent = { paddingLeft: `${12 + path.split('/').length * 12 - 12}px` }
          const name = <span className="truncate">{nameOf(path)}</span>
          return (
            <li key={path}>
              {type === 'file' ? (
                <button
                  type="button"
                  aria-current={path === chosen}
                  title={path}
                  style={indent}
                  onClick={() => onChoose(path)}
                  className={cx(
                    'flex w-full items-center gap-1.5 py-0.5 pr-2 text-left text-sm -outline-offset-2 hover:bg-hover',
                    path === chosen ? 'bg-selected text-text' : 'text-soft',
                  )}
                >
                  <File aria-hidden size={14} strokeWidth={1.5} className="shrink-0 text-muted" />
                  {name}
                </button>
              ) : (
                <span style={indent} className="flex items-center gap-1.5 py-0.5 pr-2 text-sm text-muted">
                  <Folder aria-hidden size={14} strokeWidth={1.5} className="shrink-0" />
                  {name}
                </span>
              )}
            </li>
          )
        })}
      </ul>
      {entries.length > shown.length && (
        <p className="px-3 py-1 text-xs text-muted">And {entries.length - shown.length} more, all in the archive.</p>
      )}
    </nav>
  )
}
