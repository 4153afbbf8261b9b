'use client'

import { useSyncExternalStore } from 'react'
import { z } from 'zod'
import { COMMANDS } from './commands.ts'
import type { Command } from './commands.ts'

/** Keys that somebody gave to commands in this browser, by the command's id; an empty list takes its keys away. */
export type CustomKeys = Readonly<Record<string, readonly string[]>>

const STORAGE_KEY = 'devex.keys'
const CHANGED = 'devex:keys'
const NONE: CustomKeys = {}
const schema = z.record(z.string(), z.array(z.string().regex(/^([a-z]+\+)*\S{1,12}$/)))

/** The keys of a command as they are now; the first one is shown. */
export function keysOf({ id, keys }: Command, custom: CustomKeys): readonly string[] {
  return custom[id] ?? keys ?? []
}

/** The key that is shown for what has `keys` by default; `undefined` where it was taken away. */
export function shownKey(keys: string, custom: CustomKeys): string | undefined {
  const command = COMMANDS.find((one) => one.keys?.includes(keys))
  if (command === undefined || custom[command.id] === undefined) return keys
  return custom[command.id]?.[0]
}

/** Gives `id` these keys, and takes them from whatever has them. `undefined`: those it was made with. */
export function withKeys(custom: CustomKeys, id: string, keys: readonly string[] | undefined): CustomKeys {
  const { [id]: _, ...others } = custom
  const wanted = keys ?? COMMANDS.find((command) => command.id === id)?.keys
  const left = COMMANDS.filter((command) => command.id !== id).flatMap((command) => {
    const had = keysOf(command, others)
    const kept = had.filter((key) => wanted?.includes(key) !== true)
    return kept.length === had.length ? [] : [[command.id, kept] as const]
  })
  return { ...others, ...Object.fromEntries(left), ...(keys !== undefined && { [id]: keys }) }
}

let last: { text: string | null; custom: CustomKeys } = { text: null, custom: NONE }

/** As stored; what is nonsense is as if nothing were. */
export function readCustomKeys(): CustomKeys {
  const text = stored()
  if (text !== last.text) last = { text, custom: parsed(text) }
  return last.custom
}

/** The same, and again whenever it changes, in another tab too. As they were made while hydrating. */
export function useCustomKeys(): CustomKeys {
  return useSyncExternalStore(subscribe, readCustomKeys, () => NONE)
}

export function saveCustomKeys(custom: CustomKeys): void {
  try {
    window.localStorage.setItem(STORAGE_KEY, JSON.stringify(custom))
  } catch {
    // Storage is forbidden or full: they stay as they were.
  }
  window.dispatchEvent(new Event(CHANGED))
}

function stored(): string | null {
  try {
    return window.localStorage.getItem(STORAGE_KEY)
  } catch {
    return null
  }
}

function parsed(text: string | null): CustomKeys {
  if (text === null) return NONE
  try {
    return schema.parse(JSON.parse(text))
  } catch {
    return NONE
  }
}

function subscribe(listener: () => void): () => void {
  window.addEventListener('storage', listener)
  window.addEventListener(CHANGED, listener)
  return () => {
    window.removeEventListener('storage', listener)
    window.removeEventListener(CHANGED, listener)
  }
}
