'use client'

import { useRef, useState } from 'react'
import { useRouter } from 'next/navigation'
import { api, wireErrorOf } from '#components/api.ts'
import { readCreateDraft } from '#components/dashboard/create-form.ts'
import type { CreateDraft, CreateDraftErrors } from '#components/dashboard/create-form.ts'
import { ImportError, importZip } from '#components/dashboard/import-zip.ts'
import type { WireError } from '#protocol/errors.ts'

interface CreateRepl {
  /** Makes a repl and goes there. */
  create: (draft: CreateDraft) => Promise<void>
  /** Nobody wants it any more: an upload ends, and what was made by then is in the list. */
  abandon: () => void
  isBusy: boolean
  /** How much of a zip is sent. */
  sentBytes: number | undefined
  /** What is wrong with the fields, until `forgetErrors`. */
  errors: CreateDraftErrors
  forgetErrors: () => void
  failure: WireError | undefined
}

/** The making of a repl, as a form goes through it. */
export function useCreateRepl(): CreateRepl {
  const router = useRouter()
  const [sentBytes, setSentBytes] = useState<number>()
  const [errors, setErrors] = useState<CreateDraftErrors>({})
  const [failure, setFailure] = useState<WireError>()
  const [isBusy, setIsBusy] = useState(false)
  const underWay = useRef<AbortController>(undefined)

  const rest = (): void => {
    setSentBytes(undefined)
    setIsBusy(false)
  }
  const create = async (draft: CreateDraft): Promise<void> => {
    const result = readCreateDraft(draft)
    setErrors(result.isValid ? {} : result.errors)
    if (!result.isValid || isBusy) return
    const abandoning = new AbortController()
    underWay.current = abandoning
    const { signal } = abandoning
    setIsBusy(true)
    setFailure(undefined)
    try {
      const replId =
        'zip' in result
          ? await importZip(result.zip, { name: result.name, onProgress: setSentBytes, signal })
          : (await api().repls.create.mutate(result.input)).id
      // Stays busy: the page of the repl takes over.
      if (!signal.aborted) router.push(`/r/${replId}`)
    } catch (error) {
      if (signal.aborted) return
      setFailure(error instanceof ImportError ? error.wire : wireErrorOf(error))
      rest()
    }
  }
  const abandon = (): void => {
    underWay.current?.abort()
    rest()
  }
  return { create, abandon, isBusy, sentBytes, errors, forgetErrors: () => setErrors({}), failure }
}
