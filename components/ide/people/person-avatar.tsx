import { Avatar } from '#components/ui/avatar.tsx'
import { cx } from '#components/ui/cx.ts'
import type { Person } from '#protocol/people.ts'

interface PersonAvatarProps {
  person: Person
  size?: 'sm' | 'md' | 'lg'
  className?: string
}

/** Somebody who is here. Their hue is a ring around their picture. */
export function PersonAvatar({ person: { id, name, hasAvatar }, size = 'md', className }: PersonAvatarProps) {
  const imageUrl = hasAvatar ? `/api/avatar/${id}` : undefined
  return <Avatar id={id} name={name} imageUrl={imageUrl} size={size} className={cx(hasAvatar && 'p-0.5', className)} />
}
