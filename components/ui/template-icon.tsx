import { Code, FileCode2, FolderGit2, Globe, Hexagon, Square } from 'lucide-react'
import type { LucideIcon } from 'lucide-react'
import { cx } from '#components/ui/cx.ts'

/** By the `icon` of a template (its key, unless it says otherwise). */
const ICONS = new Map<string, { icon: LucideIcon; tint: string }>([
  ['node', { icon: Hexagon, tint: 'text-person-5' }],
  ['python', { icon: FileCode2, tint: 'text-person-1' }],
  ['go', { icon: Code, tint: 'text-person-8' }],
  ['web', { icon: Globe, tint: 'text-person-2' }],
  ['static', { icon: Globe, tint: 'text-person-2' }],
  ['git', { icon: FolderGit2, tint: 'text-person-6' }],
  ['empty', { icon: Square, tint: 'text-muted' }],
])

interface TemplateIconProps {
  /** Key of the template, never the name of a repl. */
  template: string
  className?: string
}

/** The picture of a template. Decoration: its title stands beside it. */
export function TemplateIcon({ template, className }: TemplateIconProps) {
  const { icon: Icon, tint } = ICONS.get(template) ?? { icon: Code, tint: 'text-muted' }
  return (
    <span
      aria-hidden
      data-slot="template-icon"
      data-template={template}
      className={cx(
        'inline-flex size-7 shrink-0 items-center justify-center rounded-md border border-line bg-panel',
        className,
      )}
    >
      <Icon size={16} strokeWidth={1.5} className={tint} />
    </span>
  )
}
