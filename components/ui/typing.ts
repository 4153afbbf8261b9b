/** Whether a key event belongs to somebody who is typing: single-key shortcuts must then stay out of the way. */
export function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof Element)) return false
  return (
    target.closest('input, textarea, select, [contenteditable="true"], [role="textbox"], .xterm, .monaco-editor') !==
    null
  )
}
