/** What dropdown, context menu and select look like, once. */
export const MENU_PANEL =
  'z-50 min-w-44 max-w-80 animate-fade-in overflow-y-auto rounded-md bg-raised p-1 text-sm text-text shadow-float max-h-[var(--radix-popper-available-height)]'
export const MENU_ITEM =
  'relative flex h-7 cursor-default select-none items-center gap-2 rounded-sm px-2 outline-none data-[highlighted]:bg-hover data-[disabled]:text-faint [&_svg]:size-4 [&_svg]:shrink-0 [&_svg]:stroke-[1.5] [&_svg]:text-muted'
export const MENU_DANGER = 'text-failed [&_svg]:text-failed data-[highlighted]:bg-failed-soft'
export const MENU_SEPARATOR = 'my-1 h-px bg-line'
export const MENU_LABEL = 'px-2 py-1 text-xs font-medium text-muted'
