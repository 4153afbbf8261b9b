import { FileArchive } from 'lucide-react'
import { byteSize } from '#components/dashboard/byte-size.ts'
import { Progress } from '#components/ui/progress.tsx'

interface ImportFieldsProps {
  file: File | undefined
  error: string | undefined
  /** Bytes sent, while the file is on its way. */
  sentBytes: number | undefined
  onChoose: (file: File | undefined) => void
}

/** A zip to make a REPL of: chosen, or dropped here. */
export function ImportFields({ file, error, sentBytes, onChoose }: ImportFieldsProps) {
  const isSent = file !== undefined && sentBytes !== undefined && sentBytes >= file.size
  return (
    <div>
      <label className="relative flex cursor-pointer flex-col items-center gap-2 rounded-md border border-dashed border-line-strong px-4 py-8 text-center hover:bg-hover has-focus-visible:outline-2 has-focus-visible:outline-offset-2 has-focus-visible:outline-focus">
        <FileArchive aria-hidden size={20} strokeWidth={1.5} className="text-muted" />
        <span className="text-sm font-medium text-text [overflow-wrap:anywhere]">
          {file === undefined ? 'Choose a zip, or drop it here' : file.name}
        </span>
        <span className="text-xs text-muted">
          {file === undefined ? 'The files of a project, up to 1 GB.' : byteSize(file.size)}
        </span>
        <input
          type="file"
          accept=".zip,application/zip"
          aria-label="Zip file"
          aria-invalid={error !== undefined || undefined}
          // Over all of the label, so that a file can be dropped anywhere on it.
          className="absolute inset-0 cursor-pointer opacity-0"
          onChange={(event) => onChoose(event.target.files?.[0])}
        />
      </label>
      {error !== undefined && (
        <p role="alert" className="mt-2 text-xs text-failed">
          {error}
        </p>
      )}
      {file !== undefined && sentBytes !== undefined && (
        <div className="mt-3 space-y-1.5">
          <p className="text-xs text-muted tabular-nums">
            {isSent ? 'Unpacking' : `Uploading ${byteSize(sentBytes)} of ${byteSize(file.size)}`}
          </p>
          <Progress label="Import" percent={isSent ? undefined : (sentBytes / file.size) * 100} />
        </div>
      )}
    </div>
  )
}
