'use client'

import { useId, useState } from 'react'
import type { CreateDraft } from '#components/dashboard/create-form.ts'
import { GitFields } from '#components/dashboard/git-fields.tsx'
import { ImportFields } from '#components/dashboard/import-fields.tsx'
import { TemplateCards } from '#components/dashboard/template-cards.tsx'
import { useCreateRepl } from '#components/dashboard/use-create-repl.ts'
import { Button } from '#components/ui/button.tsx'
import { Dialog } from '#components/ui/dialog.tsx'
import { ErrorState } from '#components/ui/error-state.tsx'
import { Field } from '#components/ui/field.tsx'
import { Input } from '#components/ui/input.tsx'
import { Tabs, TabsContent, TabsList, TabsTrigger } from '#components/ui/tabs.tsx'
import type { TemplateView } from '#server/repls/views.ts'

const SUBMIT = { template: 'Create REPL', git: 'Clone repository', zip: 'Import zip' } as const
const NAME_HINT = { template: 'Name of the template', git: 'Name of the repository', zip: 'Name of the zip' } as const

interface CreateDialogProps {
  open: boolean
  onOpenChange: (open: boolean) => void
  templates: TemplateView[]
}

/** Makes a repl and goes there. The first usable template is chosen already: two clicks. */
export function CreateDialog({ templates, open, onOpenChange }: CreateDialogProps) {
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
  const { create, abandon, isBusy, sentBytes, errors, forgetErrors, failure } = useCreateRepl()
  const change = (part: Partial<CreateDraft>) => {
    setDraft((before) => ({ ...before, ...part }))
    forgetErrors()
  }

  const changeOpen = (isOpen: boolean) => {
    if (!isOpen) abandon()
    onOpenChange(isOpen)
  }

  return (
    <Dialog
      open={open}
      onOpenChange={changeOpen}
      title="New REPL"
      width="md"
      footer={
        <>
          <Button onClick={() => changeOpen(false)}>Cancel</Button>
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
