import type { CreateDraft } from '#components/dashboard/create-form.ts'
import { Field } from '#components/ui/field.tsx'
import { Input } from '#components/ui/input.tsx'

interface GitFieldsProps {
  draft: CreateDraft
  errors: { url?: string; branch?: string }
  onChange: (part: Partial<CreateDraft>) => void
}

/** Address and branch of a repository to clone. */
export function GitFields({ draft, errors, onChange }: GitFieldsProps) {
  return (
    <div className="flex flex-col gap-4 sm:flex-row">
      <Field
        label="Repository"
        className="grow"
        hint="A public https address. It is cloned inside the sandbox."
        error={errors.url}
      >
        {(control) => (
          <Input
            {...control}
            type="url"
            inputMode="url"
            autoComplete="off"
            spellCheck={false}
            placeholder="https://github.com/owner/project"
            value={draft.url}
            onChange={(event) => onChange({ url: event.target.value })}
          />
        )}
      </Field>
      <Field label="Branch" className="sm:w-40" hint="Default: the main one." error={errors.branch}>
        {(control) => (
          <Input
            {...control}
            autoComplete="off"
            spellCheck={false}
            value={draft.branch}
            onChange={(event) => onChange({ branch: event.target.value })}
          />
        )}
      </Field>
    </div>
  )
}
