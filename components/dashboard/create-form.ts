import { nameProblem } from '#components/name-problem.ts'
import { MAX_DISPLAY_NAME_CHARS } from '#protocol/limits.ts'
import { cloneSourceSchema } from '#protocol/adoption.ts'
import type { CreateRepl } from '#server/repls/views.ts'

/** What somebody filled in. */
export interface CreateDraft {
  kind: 'template' | 'git' | 'zip'
  template: string
  name: string
  url: string
  branch: string
  zip: File | undefined
}

/** What is wrong, by field. */
export type CreateDraftErrors = Partial<Record<'template' | 'name' | 'url' | 'branch' | 'zip', string>>

export type CreateDraftResult =
  | { isValid: true; input: Pick<CreateRepl, 'source'> & { name?: string } }
  | { isValid: true; zip: File; name: string }
  | { isValid: false; errors: CreateDraftErrors }

const SSH_URL = /^(?:ssh:\/\/)?git@([^:/]+)[:/](.+)$/

/** The draft as the API takes it, or what is wrong with which field. */
export function readCreateDraft(draft: CreateDraft): CreateDraftResult {
  const name = draft.name.trim()
  const named = name === '' ? {} : { name }
  const problem = name === '' ? undefined : nameProblem(name)
  if (problem !== undefined) return { isValid: false, errors: { name: problem } }
  if (draft.kind === 'template') {
    if (draft.template === '') return { isValid: false, errors: { template: 'Choose a template.' } }
    return { isValid: true, input: { ...named, source: { kind: 'template', template: draft.template } } }
  }
  if (draft.kind === 'zip') {
    if (draft.zip === undefined) return { isValid: false, errors: { zip: 'Choose a zip.' } }
    return { isValid: true, zip: draft.zip, name: name === '' ? nameOfZip(draft.zip) : name }
  }
  const ssh = SSH_URL.exec(draft.url.trim())
  if (ssh !== null) {
    return { isValid: false, errors: { url: `Only https works here. Use https://${ssh[1] ?? ''}/${ssh[2] ?? ''}` } }
  }
  const branch = draft.branch.trim()
  const parsed = cloneSourceSchema.safeParse({ url: withProtocol(draft.url.trim()), ...(branch !== '' && { branch }) })
  if (parsed.success) {
    const { url, branch: chosen } = parsed.data
    return {
      isValid: true,
      input: { ...named, source: { kind: 'git', url, ...(chosen !== undefined && { branch: chosen }) } },
    }
  }
  const wrong = new Set(parsed.error.issues.map((issue) => issue.path[0]))
  return {
    isValid: false,
    errors: {
      ...(wrong.has('url') && { url: 'This is not an https address of a repository.' }),
      ...(wrong.has('branch') && { branch: 'This cannot be the name of a branch.' }),
    },
  }
}

/** What the file is called, if that can be a name. */
function nameOfZip({ name }: File): string {
  const plain = name
    .replace(/\.zip$/i, '')
    .slice(0, MAX_DISPLAY_NAME_CHARS)
    .trim()
  return nameProblem(plain) === undefined ? plain : ''
}

/** People paste `github.com/owner/project` as it stands in the address bar. */
function withProtocol(url: string): string {
  return /^[\w-]+(\.[\w-]+)+\//.test(url) ? `https://${url}` : url
}
