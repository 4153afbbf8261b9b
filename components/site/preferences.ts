'use client'

import { useCallback, useSyncExternalStore } from 'react'
import { z } from 'zod'

/** What a person sets for this browser. `public/theme.js` reads theme and contrast by the same keys, before the first paint. */
const PREFERENCES = {
  theme: { key: 'devex.theme', schema: z.enum(['system', 'light', 'dark']), fallback: 'system' },
  highContrast: { key: 'devex.highContrast', schema: z.stringbool(), fallback: false },
  editorFontSize: { key: 'devex.editorFontSize', schema: z.coerce.number().int().min(10).max(24), fallback: 13 },
  terminalFontSize: { key: 'devex.terminalFontSize', schema: z.coerce.number().int().min(10).max(24), fallback: 13 },
  readsTerminals: { key: 'devex.readsTerminals', schema: z.stringbool(), fallback: false },
  optionIsMeta: { key: 'devex.optionIsMeta', schema: z.stringbool(), fallback: false },
  copiesOnSelect: { key: 'devex.copiesOnSelect', schema: z.stringbool(), fallback: false },
} as const

export interface Preferences {
  theme: 'system' | 'light' | 'dark'
  /** Stronger text, lines and edges than the design has; for those whose system asks for more contrast it is so anyway. */
  highContrast: boolean
  /** Pixels. */
  editorFontSize: number
  /** Pixels. */
  terminalFontSize: number
  /** Whether a screen reader hears what terminals print. */
  readsTerminals: boolean
  /** Whether a Mac's Option key is a terminal's Meta, rather than a way to type more characters. */
  optionIsMeta: boolean
  /** Whether text that is selected in a terminal is copied at once. */
  copiesOnSelect: boolean
}

/** A stored setting and its setter; other tabs follow. The default while hydrating. */
export function usePreference<Name extends keyof Preferences>(
  name: Name,
): readonly [Preferences[Name], (value: Preferences[Name]) => void] {
  const read = useCallback(() => readPreferences()[name], [name])
  const fallback = useCallback(() => DEFAULTS[name], [name])
  const value = useSyncExternalStore(subscribe, read, fallback)
  const set = useCallback((next: Preferences[Name]) => writePreference(name, String(next)), [name])
  return [value, set]
}

const DEFAULTS: Preferences = {
  theme: PREFERENCES.theme.fallback,
  highContrast: PREFERENCES.highContrast.fallback,
  editorFontSize: PREFERENCES.editorFontSize.fallback,
  terminalFontSize: PREFERENCES.terminalFontSize.fallback,
  readsTerminals: PREFERENCES.readsTerminals.fallback,
  optionIsMeta: PREFERENCES.optionIsMeta.fallback,
  copiesOnSelect: PREFERENCES.copiesOnSelect.fallback,
}

/** All settings of this browser; what is missing or nonsense is the default. */
export function readPreferences(): Preferences {
  const { theme, highContrast, editorFontSize, terminalFontSize, readsTerminals, optionIsMeta, copiesOnSelect } =
    PREFERENCES
  return {
    theme: theme.schema.catch(theme.fallback).parse(stored(theme.key)),
    highContrast: highContrast.schema.catch(highContrast.fallback).parse(stored(highContrast.key)),
    editorFontSize: editorFontSize.schema.catch(editorFontSize.fallback).parse(stored(editorFontSize.key)),
    terminalFontSize: terminalFontSize.schema.catch(terminalFontSize.fallback).parse(stored(terminalFontSize.key)),
    readsTerminals: readsTerminals.schema.catch(readsTerminals.fallback).parse(stored(readsTerminals.key)),
    optionIsMeta: optionIsMeta.schema.catch(optionIsMeta.fallback).parse(stored(optionIsMeta.key)),
    copiesOnSelect: copiesOnSelect.schema.catch(copiesOnSelect.fallback).parse(stored(copiesOnSelect.key)),
  }
}

function stored(key: string): string | undefined {
  try {
    return window.localStorage.getItem(key) ?? undefined
  } catch {
    return undefined
  }
}

const CHANGED = 'devex:preferences'

function writePreference(name: keyof Preferences, value: string): void {
  try {
    window.localStorage.setItem(PREFERENCES[name].key, value)
  } catch {
    // Storage is forbidden or full: the setting then lasts as long as the page.
  }
  window.dispatchEvent(new Event(CHANGED))
}

function subscribe(listener: () => void): () => void {
  window.addEventListener('storage', listener)
  window.addEventListener(CHANGED, listener)
  return () => {
    window.removeEventListener('storage', listener)
    window.removeEventListener(CHANGED, listener)
  }
}
