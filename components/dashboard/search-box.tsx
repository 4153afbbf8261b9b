import type { Ref } from 'react'
import { Search } from 'lucide-react'
import { Input } from '#components/ui/input.tsx'
import { Kbd } from '#components/ui/kbd.tsx'

interface SearchBoxProps {
  inputRef: Ref<HTMLInputElement>
  value: string
  onChange: (value: string) => void
}

/** Narrows the list while one types. `/` comes here, Escape empties it. */
export function SearchBox({ inputRef, value, onChange }: SearchBoxProps) {
  return (
    <div className="relative w-full">
      <Search
        aria-hidden
        size={14}
        strokeWidth={1.75}
        className="pointer-events-none absolute left-2.5 top-2.25 text-muted"
      />
      <Input
        ref={inputRef}
        type="search"
        aria-label="Search REPLs"
        placeholder="Search"
        autoComplete="off"
        spellCheck={false}
        value={value}
        onChange={(event) => onChange(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === 'Escape') onChange('')
        }}
        className="pl-8 pr-8 [&::-webkit-search-cancel-button]:appearance-none"
      />
      {value === '' && <Kbd keys="/" className="pointer-events-none absolute right-2 top-1.75 max-sm:hidden" />}
    </div>
  )
}
