/** Puts `text` on the clipboard. `false` where the browser refuses: without leave, or on a page without TLS. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    return false
  }
}
