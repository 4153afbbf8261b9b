'use client'

import { useId, useState } from 'react'
import { useRouter } from 'next/navigation'
import { api, wireErrorOf } from '#components/api.ts'
import { readCreateDraft } from '#components/dashboard/create-form.ts'
import type { CreateDraft, CreateDraftErrors } from '#components/dashboard/create-form.ts'
import { GitFields } from '#components/dashboard/git-fields.tsx'
import { TemplateCards } from '#components/dashboard/template-cards.tsx'
import { Button } from '#components/ui/button.tsx'
import { Dialog } from '#components/ui/dialog.tsx'
import { ErrorState } from '#components/ui/error-state.tsx'
import { Field } from '#components/ui/field.tsx'
import { Input } from '#components/ui/input.tsx'
import { Tabs, TabsContent, TabsList, TabsTrigger } from '#components/ui/tabs.tsx'
import type { WireError } from '#protocol/errors.ts'
import type { TemplateView } from '#server/repls/views.ts'

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
  })
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
      const repl = await api().repls.create.mutate(result.input)
      // Stays busy: the page of the repl takes over.
      router.push(`/r/${repl.id}`)
    } catch (error) {
      setFailure(wireErrorOf(error))
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
            {draft.kind === 'git' ? 'Clone repository' : 'Create REPL'}
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
        <Tabs value={draft.kind} onValueChange={(kind) => change({ kind: kind === 'git' ? 'git' : 'template' })}>
          <TabsList label="Where it comes from">
            <TabsTrigger value="template">Template</TabsTrigger>
            <TabsTrigger value="git">From Git</TabsTrigger>
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
        </Tabs>
        <Field label="Name" hint="Optional. You can change it later." error={errors.name}>
          {(control) => (
            <Input
              {...control}
              value={draft.name}
              autoComplete="off"
              placeholder={draft.kind === 'git' ? 'Name of the repository' : 'Name of the template'}
              onChange={(event) => change({ name: event.target.value })}
            />
          )}
        </Field>
        {failure !== undefined && <ErrorState message={failure.message} advice={failure.advice} />}
      </form>
    </Dialog>
  )
}
