import Image from 'next/image'
import { Bot } from 'lucide-react'
import { cx } from '#components/ui/cx.ts'
import { personHue } from '#components/ui/person-hue.ts'
import type { PersonHue } from '#components/ui/person-hue.ts'

/** The hue of a person as a background. */
export const PERSON_FILLS: Record<PersonHue, string> = {
  1: 'bg-person-1',
  2: 'bg-person-2',
  3: 'bg-person-3',
  4: 'bg-person-4',
  5: 'bg-person-5',
  6: 'bg-person-6',
  7: 'bg-person-7',
  8: 'bg-person-8',
}
const SIZES = { sm: 'size-5 text-[10px]', md: 'size-6 text-[11px]', lg: 'size-8 text-sm' } as const

interface AvatarProps {
  /** Decides the hue. */
  id: string
  name: string
  /** Agents are square: told apart by shape as well as by hue. */
  kind?: 'person' | 'agent'
  /** From our own server. */
  imageUrl?: string | undefined
  size?: keyof typeof SIZES
  className?: string
}

/** Somebody, in few pixels. The name is its text for screen readers. */
export function Avatar({ id, name, kind = 'person', imageUrl, size = 'md', className }: AvatarProps) {
  return (
    <span
      data-slot="avatar"
      title={name}
      className={cx(
        'inline-flex shrink-0 select-none items-center justify-center overflow-hidden font-semibold leading-none text-on-person',
        kind === 'agent' ? 'rounded-sm' : 'rounded-full',
        PERSON_FILLS[personHue(id)],
        SIZES[size],
        className,
      )}
    >
      <span className="sr-only">{name}</span>
      {imageUrl === undefined ? (
        <span aria-hidden>{kind === 'agent' ? <Bot size={12} strokeWidth={2} /> : initial(name)}</span>
      ) : (
        <Image
          unoptimized
          src={imageUrl}
          alt=""
          width={32}
          height={32}
          className="size-full rounded-[inherit] object-cover"
        />
      )}
    </span>
  )
}

function initial(name: string): string {
  const [first] = new Intl.Segmenter().segment(name.trim())
  return first?.segment.toUpperCase() ?? '?'
}
