import type { UploadSource } from '../stores/transfers.ts'

/** Files and folders dropped onto the page, or pasted, each with its path below where it was dropped. */
export async function droppedFiles(transfer: DataTransfer): Promise<UploadSource[]> {
  // They are there only until the event is over; what they hold can be read later.
  const sources = [...transfer.items].map((item) => sourcesOf(item))
  return (await Promise.all(sources)).flat()
}

/** Takes it before it waits for anything. */
async function sourcesOf(item: DataTransferItem): Promise<UploadSource[]> {
  const entry = item.webkitGetAsEntry()
  if (entry !== null) return filesOf(entry, '')
  // A picture of the screen lies nowhere.
  const blob = item.getAsFile()
  return blob === null ? [] : [{ path: blob.name, blob }]
}

async function filesOf(entry: FileSystemEntry, folder: string): Promise<UploadSource[]> {
  const path = folder + entry.name
  if (isFile(entry)) {
    const blob = await new Promise<File>((resolve, reject) => entry.file(resolve, reject))
    return [{ path, blob }]
  }
  if (!isFolder(entry)) return []
  const children = await childrenOf(entry.createReader())
  const found = await Promise.all(children.map((child) => filesOf(child, `${path}/`)))
  return found.flat()
}

/** A reader hands out some hundred entries at a time. */
async function childrenOf(reader: FileSystemDirectoryReader): Promise<FileSystemEntry[]> {
  const all: FileSystemEntry[] = []
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject))
    if (some.length === 0) return all
    all.push(...some)
  }
}

// Chromium has no names for the classes of entries, so that `instanceof` throws there.
function isFile(entry: FileSystemEntry): entry is FileSystemFileEntry {
  return entry.isFile
}

function isFolder(entry: FileSystemEntry): entry is FileSystemDirectoryEntry {
  return entry.isDirectory
}
