'use client'

import { useState } from 'react'
import { cx } from '#components/ui/cx.ts'

const ESC = '\u001b'

/** Keys that a touch keyboard lacks, and what they send. */
const KEYS = [
  { label: 'Esc', text: ESC },
  { label: 'Tab', text: '\t' },
  { label: '↑', name: 'Up', text: `${ESC}[A` },
  { label: '↓', name: 'Down', text: `${ESC}[B` },
  { label: '←', name: 'Left', text: `${ESC}[D` },
  { label: '→', name: 'Right', text: `${ESC}[C` },
] as const

/** What touch keyboards have on a second or third page. */
const SIGNS = [
  { label: '|', name: 'Pipe', text: '|' },
  { label: '~', name: 'Tilde', text: '~' },
  { label: '/', name: 'Slash', text: '/' },
  { label: '-', name: 'Hyphen', text: '-' },
] as const

/** The control characters worth a button, shown when Ctrl is held down by a tap. */
const CONTROLS = [
  { label: 'C', text: '\u0003' },
  { label: 'D', text: '\u0004' },
  { label: 'Z', text: '\u001a' },
  { label: 'L', text: '\u000c' },
  { label: 'R', text: '\u0012' },
  { label: 'A', text: '\u0001' },
] as const

const KEY = 'h-9 min-w-10 shrink-0 rounded-md px-2 text-sm inset-ring inset-ring-control'
const RESTING = 'bg-raised text-soft active:bg-hover'

interface KeyBarProps {
  onType: (text: string) => void
  onPaste: () => void
  /** Shows the output as text: fingers select nothing in a terminal. */
  onCopy: () => void
}

/** A row of keys under the terminal, on touch screens and where the window is as narrow as one. */
export function KeyBar({ onType, onPaste, onCopy }: KeyBarProps) {
  const [isControl, setIsControl] = useState(false)
  const keys = isControl ? CONTROLS : KEYS
  return (
    <div
      role="toolbar"
      aria-label="Terminal keys"
      className="flex shrink-0 gap-1.5 overflow-x-auto border-t border-line bg-panel p-1.5 md:not-pointer-coarse:hidden"
    >
      <Key label="Ctrl" isPressed={isControl} onPress={() => setIsControl(!isControl)} />
      {keys.map((key) => (
        <Key
          key={key.label}
          label={key.label}
          name={'name' in key ? key.name : isControl ? `Ctrl ${key.label}` : key.label}
          onPress={() => {
            onType(key.text)
            setIsControl(false)
          }}
        />
      ))}
      <Key label="Paste" onPress={onPaste} />
      <Key label="Copy" onPress={onCopy} />
      {SIGNS.map((sign) => (
        <Key key={sign.label} label={sign.label} name={sign.name} onPress={() => onType(sign.text)} />
      ))}
    </div>
  )
}

interface KeyProps {
  label: string
  /** For screen readers, where the label is a sign. */
  name?: string
  /** Of one that stays down. */
  isPressed?: boolean
  onPress: () => void
}

function Key({ label, name = label, isPressed, onPress }: KeyProps) {
  return (
    <button
      type="button"
      aria-label={name}
      aria-pressed={isPressed}
      className={cx(KEY, isPressed === true ? 'bg-accent text-on-accent' : RESTING)}
      // The touch keyboard stays open: the terminal keeps the focus.
      onPointerDown={(event) => event.preventDefault()}
      onClick={onPress}
    >
      {label}
    </button>
  )
}
