import { applyPatch } from './apply-patch.ts'
import { editFile } from './edit.ts'
import { exec } from './exec.ts'
import { deletePath, listDir, movePath, readFile, writeFile } from './files.ts'
import { processInput, processList, processOutput, processSignal } from './processes.ts'
import { checkpoint, previewUrl, replInfo, stopRepl } from './repl.ts'
import { glob, grep } from './search.ts'
import type { Tool } from './tool.ts'
import { waitFor } from './wait-for.ts'

/** What the tools of `protocol/tools` do. */
export const allTools: readonly Tool[] = [
  exec,
  processOutput,
  processInput,
  processSignal,
  processList,
  waitFor,
  readFile,
  writeFile,
  editFile,
  applyPatch,
  listDir,
  glob,
  grep,
  movePath,
  deletePath,
  previewUrl,
  replInfo,
  checkpoint,
  stopRepl,
]
