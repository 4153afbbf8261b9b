import { Braces, File, FileCode2, FileImage, FileTerminal, FileText, Folder, FolderOpen, Settings2 } from 'lucide-react'
import type { LucideIcon } from 'lucide-react'
import { cx } from '#components/ui/cx.ts'

interface Look {
  icon: LucideIcon
  tint: string
}

const CODE = (tint: string): Look => ({ icon: FileCode2, tint })
const PLAIN: Look = { icon: File, tint: 'text-muted' }

const BY_EXTENSION: Record<string, Look> = {
  js: CODE('text-person-2'),
  mjs: CODE('text-person-2'),
  cjs: CODE('text-person-2'),
  jsx: CODE('text-person-2'),
  ts: CODE('text-person-1'),
  tsx: CODE('text-person-1'),
  py: CODE('text-person-8'),
  go: CODE('text-person-3'),
  rs: CODE('text-person-7'),
  html: CODE('text-person-7'),
  css: CODE('text-person-6'),
  json: { icon: Braces, tint: 'text-person-5' },
  md: { icon: FileText, tint: 'text-person-1' },
  txt: { icon: FileText, tint: 'text-muted' },
  sh: { icon: FileTerminal, tint: 'text-person-5' },
  png: { icon: FileImage, tint: 'text-person-4' },
  jpg: { icon: FileImage, tint: 'text-person-4' },
  svg: { icon: FileImage, tint: 'text-person-4' },
  toml: { icon: Settings2, tint: 'text-muted' },
  yml: { icon: Settings2, tint: 'text-muted' },
  yaml: { icon: Settings2, tint: 'text-muted' },
}

/** The picture of a file, by the end of its name. */
export function FileIcon({ name, className }: { name: string; className?: string }) {
  const { icon: Icon, tint } = BY_EXTENSION[name.slice(name.lastIndexOf('.') + 1).toLowerCase()] ?? PLAIN
  return <Icon aria-hidden size={16} strokeWidth={1.5} className={cx('shrink-0', tint, className)} />
}

export function FolderIcon({ isOpen }: { isOpen: boolean }) {
  const Icon = isOpen ? FolderOpen : Folder
  return <Icon aria-hidden size={16} strokeWidth={1.5} className="shrink-0 text-muted" />
}
