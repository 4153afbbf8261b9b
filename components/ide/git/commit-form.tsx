'use client'

import { useState } from 'react'
import type { FormEvent } from 'react'
import { Button } from '#components/ui/button.tsx'
import { Field } from '#components/ui/field.tsx'
import { Input } from '#components/ui/input.tsx'
import { MAX_COMMIT_MESSAGE_CHARS } from '#protocol/limits.ts'
import type { GitRepository } from '#protocol/git-status.ts'
import { showTerminal } from '../stores/actions.ts'
import { useStore, useWorkbench } from '../use-workbench.tsx'

/** The message of the next commit, and the button that makes it. */
export function CommitForm({ repository }: { repository: GitRepository }) {
  const workbench = useWorkbench()
  const { commits, memory } = workbench
  const { leftOut, terminal, needsAuthor } = useStore(commits.state)
  const message = useStore(memory.layout).commitMessage
  const [name, setName] = useState(workbench.account.isLocal ? '' : workbench.account.name)
  const [email, setEmail] = useState('')
  const { changes } = repository
  const count = changes.filter(({ path }) => !leftOut.has(path)).length
  const isBusy = terminal !== undefined
  const commit = (event?: FormEvent): void => {
    event?.preventDefault()
    void workbench.attempt(async () => {
      const author = needsAuthor ? { name, email } : undefined
      const outcome = await commits.commit(repository, message, author)
      // What is typed meanwhile is for the next one.
      const isSame = memory.layout.getSnapshot().commitMessage === message
      if (outcome.kind === 'done' && isSame) memory.patch({ commitMessage: '' })
      if (outcome.kind === 'refused') showTerminal(workbench, outcome.terminal)
    })
  }
  return (
    <form className="flex flex-col gap-2 px-3 pb-3" onSubmit={commit}>
      <textarea
        aria-label="Commit message"
        placeholder="What changed, and why"
        rows={Math.min(MAX_ROWS, Math.max(2, message.split('\n').length))}
        maxLength={MAX_COMMIT_MESSAGE_CHARS}
        value={message}
        className="w-full resize-none rounded-md border border-control bg-canvas px-2.5 py-1.5 text-text placeholder:text-muted"
        onChange={({ target }) => memory.patch({ commitMessage: target.value })}
        onKeyDown={(event) => {
          if (event.key === 'Enter' && (event.ctrlKey || event.metaKey) && message.trim() !== '') commit()
        }}
      />
      {needsAuthor && (
        <>
          <output className="text-xs text-soft">
            Git does not know yet whom a commit is to name. It is kept in this repository.
          </output>
          <Field label="Your name">
            {(control) => (
              <Input {...control} autoComplete="name" value={name} onChange={(event) => setName(event.target.value)} />
            )}
          </Field>
          <Field label="Your e-mail address">
            {(control) => (
              <Input
                {...control}
                type="email"
                autoComplete="email"
                value={email}
                onChange={(event) => setEmail(event.target.value)}
              />
            )}
          </Field>
        </>
      )}
      <div className="flex items-center gap-2">
        <Button
          type="submit"
          variant="primary"
          isBusy={isBusy}
          aria-keyshortcuts="Control+Enter"
          disabled={message.trim() === '' || count === 0 || (needsAuthor && (name === '' || email === ''))}
        >
          {count === changes.length ? 'Commit all' : `Commit ${count} of ${changes.length}`}
        </Button>
        {isBusy && terminal !== '' && (
          <Button variant="ghost" onClick={() => showTerminal(workbench, terminal)}>
            Show what it does
          </Button>
        )}
      </div>
    </form>
  )
}

const MAX_ROWS = 8
