'use client'

import { useRouter } from 'next/navigation'
import { LogOut, Settings } from 'lucide-react'
import { signOut } from '#components/site/sign-in.ts'
import { usePreference } from '#components/site/preferences.ts'
import { Avatar } from '#components/ui/avatar.tsx'
import {
  DropdownMenu,
  DropdownMenuContent,
  DropdownMenuItem,
  DropdownMenuLabel,
  DropdownMenuRadioGroup,
  DropdownMenuRadioItem,
  DropdownMenuSeparator,
  DropdownMenuTrigger,
} from '#components/ui/dropdown-menu.tsx'
import { useToast } from '#components/ui/toaster.tsx'

export interface AccountMenuProps {
  who: { id: string; name: string; hasAvatar: boolean }
}

/** Who you are, the theme, the way to the settings and out. */
export function AccountMenu({ who }: AccountMenuProps) {
  const router = useRouter()
  const toast = useToast()
  const [theme, setTheme] = usePreference('theme')
  const leave = async () => {
    const error = await signOut()
    if (error !== undefined) toast.show({ tone: 'failed', title: error })
  }
  return (
    <DropdownMenu>
      <DropdownMenuTrigger
        aria-label={`Account of ${who.name}`}
        className="-mr-1 flex size-8 items-center justify-center rounded-full hover:bg-hover data-[state=open]:bg-hover"
      >
        <Avatar id={who.id} name={who.name} imageUrl={avatarUrl(who)} />
      </DropdownMenuTrigger>
      <DropdownMenuContent label="Account" align="end" className="w-56">
        <DropdownMenuLabel>
          Signed in as <span className="text-text [overflow-wrap:anywhere]">{who.name}</span>
        </DropdownMenuLabel>
        <DropdownMenuSeparator />
        <DropdownMenuLabel>Theme</DropdownMenuLabel>
        <DropdownMenuRadioGroup
          value={theme}
          onValueChange={(value) => {
            if (value === 'system' || value === 'light' || value === 'dark') setTheme(value)
          }}
        >
          <DropdownMenuRadioItem value="system">Follow the system</DropdownMenuRadioItem>
          <DropdownMenuRadioItem value="light">Light</DropdownMenuRadioItem>
          <DropdownMenuRadioItem value="dark">Dark</DropdownMenuRadioItem>
        </DropdownMenuRadioGroup>
        <DropdownMenuSeparator />
        <DropdownMenuItem icon={<Settings aria-hidden />} onSelect={() => router.push('/settings')}>
          Settings
        </DropdownMenuItem>
        <DropdownMenuItem icon={<LogOut aria-hidden />} onSelect={() => void leave()}>
          Sign out
        </DropdownMenuItem>
      </DropdownMenuContent>
    </DropdownMenu>
  )
}

/** The picture of a person, through our own server. */
export function avatarUrl(who: AccountMenuProps['who']): string | undefined {
  return who.hasAvatar ? `/api/avatar/${who.id}` : undefined
}
