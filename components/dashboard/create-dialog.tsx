'use client'

import { useId, useState } from 'react'
import { useRouter } from 'next/navigation'
import { api, wireErrorOf } from '#components/api.ts'
import { readCreateDraft } from '#components/dashboard/create-form.ts'
import type { CreateDraft, CreateDraftErrors } from '#components/dashboard/create-form.ts'
import { GitFields } from '#components/dashboard/git-fields.tsx'
import { ImportFields } from '#components/dashboard/import-fields.tsx'
import { ImportError, importZip } from '#components/dashboard/import-zip.ts'
import { TemplateCards } from '#components/dashboard/template-cards.tsx'
import { Button } from '#components/ui/button.tsx'
import { Dialog } from '#components/ui/dialog.tsx'
import { ErrorState } from '#components/ui/error-state.tsx'
import { Field } from '#components/ui/field.tsx'
import { Input } from '#components/ui/input.tsx'
import { Tabs, TabsContent, TabsList, TabsTrigger } from '#components/ui/tabs.tsx'
import type { WireError } from '#protocol/errors.ts'
import type { TemplateView } from '#server/repls/views.ts'

const SUBMIT = { template: 'Create REPL', git: 'Clone repository', zip: 'Import zip' } as const
const NAME_HINT = { template: 'Name of the template', git: 'Name of the repository', zip: 'Name of the zip' } as const

interface CreateDialogProps {
  open: boolean
  onOpenChange: (open: boolean) => void
  templates: TemplateView[]
}

/** Makes a repl and goes there. The first usable template is chosen already: two clicks. */
export function CreateDialog({ templates, ...dialog }: CreateDialogProps) {
  const router = useRouter()
  const formId = useId()
  const firstUsable = templates.find((template) => template.available)?.key ?? ''
  const [draft, setDraft] = useState<CreateDraft>({
    kind: 'template',
    template: firstUsable,
    name: '',
    url: '',
    branch: '',
    zip: undefined,
  })
  const [sentBytes, setSentBytes] = useState<number>()
  const [errors, setErrors] = useState<CreateDraftErrors>({})
  const [failure, setFailure] = useState<WireError>()
  const [isBusy, setIsBusy] = useState(false)
  const change = (part: Partial<CreateDraft>) => {
    setDraft((before) => ({ ...before, ...part }))
    setErrors({})
  }

  const create = async (what: CreateDraft) => {
    const result = readCreateDraft(what)
    setErrors(result.isValid ? {} : result.errors)
    if (!result.isValid || isBusy) return
    setIsBusy(true)
    setFailure(undefined)
    try {
      const replId =
        'zip' in result
          ? await importZip(result.zip, { name: result.name, onProgress: setSentBytes })
          : (await api().repls.create.mutate(result.input)).id
      // Stays busy: the page of the repl takes over.
      router.push(`/r/${replId}`)
    } catch (error) {
      setFailure(error instanceof ImportError ? error.wire : wireErrorOf(error))
      setSentBytes(undefined)
      setIsBusy(false)
    }
  }

  return (
    <Dialog
      {...dialog}
      title="New REPL"
      width="md"
      footer={
        <>
          <Button onClick={() => dialog.onOpenChange(false)}>Cancel</Button>
          <Button type="submit" form={formId} variant="primary" isBusy={isBusy}>
            {SUBMIT[draft.kind]}
          </Button>
        </>
      }
    >
      <form
        id={formId}
        noValidate
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault()
          void create(draft)
        }}
      >
        <Tabs
          value={draft.kind}
          onValueChange={(kind) => change({ kind: kind === 'git' || kind === 'zip' ? kind : 'template' })}
        >
          <TabsList label="Where it comes from">
            <TabsTrigger value="template">Template</TabsTrigger>
            <TabsTrigger value="git">From Git</TabsTrigger>
            <TabsTrigger value="zip">From a zip</TabsTrigger>
          </TabsList>
          <TabsContent value="template" className="pt-4 outline-none" tabIndex={-1}>
            <TemplateCards
              templates={templates}
              chosen={draft.template}
              onChoose={(template) => change({ template })}
              onConfirm={(template) => void create({ ...draft, template })}
            />
            {errors.template !== undefined && (
              <p role="alert" className="mt-2 text-xs text-failed">
                {errors.template}
              </p>
            )}
          </TabsContent>
          <TabsContent value="git" className="pt-4 outline-none" tabIndex={-1}>
            <GitFields draft={draft} errors={errors} onChange={change} />
          </TabsContent>
          <TabsContent value="zip" className="pt-4 outline-none" tabIndex={-1}>
            <ImportFields
              file={draft.zip}
              error={errors.zip}
              sentBytes={sentBytes}
              onChoose={(zip) => change({ zip })}
            />
          </TabsContent>
        </Tabs>
        <Field label="Name" hint="Optional. You can change it later." error={errors.name}>
          {(control) => (
            <Input
              {...control}
              value={draft.name}
              autoComplete="off"
              placeholder={NAME_HINT[draft.kind]}
              onChange={(event) => change({ name: event.target.value })}
            />
          )}
        </Field>
        {failure !== undefined && <ErrorState message={failure.message} advice={failure.advice} />}
      </form>
    </Dialog>
  )
}
