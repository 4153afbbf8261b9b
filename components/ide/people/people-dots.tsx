'use client'

import { cx } from '#components/ui/cx.ts'
import { personHue } from '#components/ui/person-hue.ts'
import { PERSON_FILLS } from '#components/ui/avatar.tsx'
import { useSelected, useWorkbench } from '../use-workbench.tsx'
import { namesWords } from './place-words.ts'

const SHOWN = 3

/** Who else has a file open, as dots in their hues. */
export function PeopleDots({ path }: { path: string }) {
  const workbench = useWorkbench()
  const people = useSelected(workbench.people.state, ({ inFile }) => inFile.get(path))
  if (people === undefined) return null
  const words = namesWords(people)
  return (
    <span title={`Open: ${words}`} className="flex shrink-0 items-center gap-0.5">
      <span className="sr-only">, open: {words}</span>
      {people.slice(0, SHOWN).map(({ id }) => (
        <span key={id} aria-hidden className={cx('size-2 rounded-full', PERSON_FILLS[personHue(id)])} />
      ))}
    </span>
  )
}
