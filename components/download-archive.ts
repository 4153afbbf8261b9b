/** Where a REPL's project is downloaded, as it is now or as a snapshot has it. */
export function archiveUrl(
  replId: string,
  { format, snapshot }: { format: 'zip' | 'tar.gz'; snapshot?: string },
): string {
  const query = new URLSearchParams({ format, ...(snapshot !== undefined && { snapshot }) })
  return `/r/${replId}/archive?${query}`
}

/** Has the browser download it; the page stays. */
export function downloadFrom(url: string): void {
  const link = document.createElement('a')
  link.href = url
  link.download = ''
  link.click()
}
