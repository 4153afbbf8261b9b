'use client'

import { useEffect, useRef } from 'react'
import type { ComponentProps } from 'react'
import { CaseSensitive, ChevronRight, Ellipsis, Regex, ReplaceAll, WholeWord } from 'lucide-react'
import { cx } from '#components/ui/cx.ts'
import { IconButton } from '#components/ui/icon-button.tsx'
import { Input } from '#components/ui/input.tsx'
import { Switch } from '#components/ui/switch.tsx'
import { replaceFound } from '../stores/actions.ts'
import { useStore, useWorkbench } from '../use-workbench.tsx'

const OPTIONS = [
  { option: 'matchCase', label: 'Match case', icon: CaseSensitive },
  { option: 'wholeWord', label: 'Whole words', icon: WholeWord },
  { option: 'isRegex', label: 'Regular expression', icon: Regex },
] as const

/** What to look for, what to put there instead, and where. */
export function SearchForm() {
  const workbench = useWorkbench()
  const { search, repl } = workbench
  const form = useStore(search.form)
  const { progress } = useStore(search.state)
  const shown = useStore(search.shown)
  const input = useRef<HTMLInputElement>(null)
  const isFocusWanted = useStore(search.isFocusWanted)
  useEffect(() => {
    if (!isFocusWanted) return
    search.isFocusWanted.set(false)
    input.current?.focus()
    input.current?.select()
  }, [search, isFocusWanted])
  const show = (change: Partial<typeof shown>): void => search.shown.set({ ...shown, ...change })
  return (
    <search className="flex shrink-0 flex-col gap-1.5 px-2 pb-2">
      <div className="flex items-center gap-0.5">
        {repl.canEdit && (
          <IconButton
            label={shown.replacement ? 'Hide replace' : 'Show replace'}
            aria-expanded={shown.replacement}
            className="h-8! w-5!"
            onClick={() => show({ replacement: !shown.replacement })}
          >
            <ChevronRight aria-hidden className={cx('transition-transform', shown.replacement && 'rotate-90')} />
          </IconButton>
        )}
        <div className="relative grow">
          <SearchInput
            ref={input}
            type="search"
            aria-label="Search in files"
            aria-invalid={progress.kind === 'failed' || undefined}
            placeholder="Search in files"
            value={form.text}
            className="pr-[82px] [&::-webkit-search-cancel-button]:hidden"
            onText={(text) => search.edit({ text })}
          />
          <div className="absolute inset-y-0 right-1 flex items-center">
            {OPTIONS.map(({ option, label, icon: Icon }) => (
              <IconButton
                key={option}
                label={label}
                aria-pressed={form[option]}
                isActive={form[option]}
                className={cx('size-6!', form[option] && 'bg-accent-soft! text-accent-text!')}
                onClick={() => search.edit({ [option]: !form[option] })}
              >
                <Icon aria-hidden />
              </IconButton>
            ))}
          </div>
        </div>
      </div>
      {repl.canEdit && shown.replacement && <ReplaceRow />}
      <div className={cx('flex flex-col gap-1.5', repl.canEdit && 'pl-[22px]')}>
        <button
          type="button"
          aria-expanded={shown.places}
          className="flex w-fit items-center gap-1 rounded px-1 text-xs text-muted hover:text-text"
          onClick={() => show({ places: !shown.places })}
        >
          <Ellipsis aria-hidden size={14} strokeWidth={1.5} />
          Choose where
        </button>
        {shown.places && <Places />}
      </div>
    </search>
  )
}

function ReplaceRow() {
  const workbench = useWorkbench()
  const { search, replacing } = workbench
  const { replacement } = useStore(search.form)
  const { files } = useStore(search.state)
  const isBusy = useStore(replacing.state).kind === 'replacing'
  return (
    <div className="flex items-center gap-0.5 pl-[22px]">
      <SearchInput
        aria-label="Replace with"
        placeholder="Replace with"
        value={replacement}
        onText={(replacement) => search.edit({ replacement })}
      />
      <IconButton
        label="Replace all"
        disabled={files.length === 0 || isBusy}
        onClick={() => void replaceFound(workbench, files)}
      >
        <ReplaceAll aria-hidden />
      </IconButton>
    </div>
  )
}

function Places() {
  const { search } = useWorkbench()
  const { include, exclude, includeIgnored } = useStore(search.form)
  return (
    <>
      <SearchInput
        aria-label="Only in these files"
        placeholder="Only in, such as src, *.ts"
        value={include}
        onText={(include) => search.edit({ include })}
      />
      <SearchInput
        aria-label="Not in these files"
        placeholder="Not in, such as test, *.md"
        value={exclude}
        onText={(exclude) => search.edit({ exclude })}
      />
      <Switch
        label="Ignored files too"
        className="px-1 py-1"
        checked={includeIgnored}
        onCheckedChange={(checked) => search.edit({ includeIgnored: checked })}
      />
    </>
  )
}

interface SearchInputProps extends Omit<ComponentProps<typeof Input>, 'onChange' | 'onKeyDown'> {
  onText: (text: string) => void
}

/** Enter searches at once, Escape ends a search. */
function SearchInput({ onText, ...rest }: SearchInputProps) {
  const { search } = useWorkbench()
  return (
    <Input
      autoComplete="off"
      spellCheck={false}
      onChange={({ target }) => onText(target.value)}
      onKeyDown={(event) => {
        if (event.key === 'Enter') void search.search()
        else if (event.key === 'Escape') search.stop()
        else return
        event.preventDefault()
      }}
      {...rest}
    />
  )
}
