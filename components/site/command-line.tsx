import { CopyButton } from '#components/ui/copy-button.tsx'

/** A command to type, with a button that copies it. */
export function CommandLine({ command, hint }: { command: string; hint?: string }) {
  return (
    <div className="flex items-center gap-3">
      <div className="flex h-10 items-center gap-3 rounded-md border border-line bg-panel pl-3 pr-1.5">
        <code className="font-mono text-sm text-text">
          <span aria-hidden className="select-none text-faint">
            ${' '}
          </span>
          {command}
        </code>
        <CopyButton text={command} size="sm" variant="ghost" />
      </div>
      {hint !== undefined && <span className="text-sm text-muted max-sm:hidden">{hint}</span>}
    </div>
  )
}
