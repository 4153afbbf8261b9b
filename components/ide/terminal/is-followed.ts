/**
 * Whether a click on a link in a terminal is to follow it: with Ctrl or ⌘, since a plain one places the cursor and begins
 * a selection. A finger holds no such key, and selects nothing.
 */
export function isFollowed(event: MouseEvent): boolean {
  return event.ctrlKey || event.metaKey || window.matchMedia('(pointer: coarse)').matches
}
