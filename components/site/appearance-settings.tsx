'use client'

import { useId } from 'react'
import { Monitor, Moon, Sun } from 'lucide-react'
import { usePreference } from '#components/site/preferences.ts'
import { Select } from '#components/ui/select.tsx'
import { Field } from '#components/ui/field.tsx'
import { Switch } from '#components/ui/switch.tsx'

const THEMES = [
  { value: 'system', label: 'System', icon: Monitor },
  { value: 'light', label: 'Light', icon: Sun },
  { value: 'dark', label: 'Dark', icon: Moon },
] as const

const FONT_SIZES = ['11', '12', '13', '14', '15', '16', '18', '20', '22', '24'].map((value) => ({
  value,
  label: `${value} px`,
}))

/** Theme, font sizes, and how terminals behave. */
export function AppearanceSettings() {
  const [highContrast, setHighContrast] = usePreference('highContrast')
  const [editorSize, setEditorSize] = usePreference('editorFontSize')
  const [terminalSize, setTerminalSize] = usePreference('terminalFontSize')
  const [readsTerminals, setReadsTerminals] = usePreference('readsTerminals')
  const [optionIsMeta, setOptionIsMeta] = usePreference('optionIsMeta')
  const [copiesOnSelect, setCopiesOnSelect] = usePreference('copiesOnSelect')
  return (
    <div className="flex flex-col gap-6">
      <ThemeChoice />
      <Switch
        label="High contrast"
        hint="Stronger text, lines and edges. Where your system asks for more contrast, it is so already."
        checked={highContrast}
        onCheckedChange={setHighContrast}
      />
      <div className="flex flex-wrap gap-6">
        <FontSize label="Editor font size" value={editorSize} onChange={setEditorSize} />
        <FontSize label="Terminal font size" value={terminalSize} onChange={setTerminalSize} />
      </div>
      <p
        className="rounded-md border border-line bg-panel px-3 py-2.5 font-mono text-soft"
        style={{ fontSize: editorSize }}
      >
        const answer = 6 * 7 <span className="text-muted">{'// 0O 1lI |'}</span>
      </p>
      <Switch
        label="Read terminals aloud"
        hint="A screen reader hears what terminals print. They draw a little slower."
        checked={readsTerminals}
        onCheckedChange={setReadsTerminals}
      />
      <Switch
        label="Option is Meta in terminals"
        hint="On a Mac. Option then moves by words, and types no special characters."
        checked={optionIsMeta}
        onCheckedChange={setOptionIsMeta}
      />
      <Switch
        label="Copy what is selected in terminals"
        hint="At once, as the mouse button is let go. It takes the place of what you copied before."
        checked={copiesOnSelect}
        onCheckedChange={setCopiesOnSelect}
      />
    </div>
  )
}

function ThemeChoice() {
  const id = useId()
  const [theme, setTheme] = usePreference('theme')
  return (
    <fieldset>
      <legend className="mb-1.5 text-sm font-medium">Theme</legend>
      <div className="inline-flex rounded-md border border-control p-0.5">
        {THEMES.map(({ value, label, icon: Icon }) => (
          <label
            key={value}
            className="flex h-7 cursor-pointer items-center gap-1.5 rounded-sm px-2.5 text-sm text-muted transition-colors hover:text-text has-checked:bg-selected has-checked:text-text has-focus-visible:outline-2 has-focus-visible:outline-focus"
          >
            <input
              type="radio"
              name={id}
              value={value}
              checked={theme === value}
              onChange={() => setTheme(value)}
              className="sr-only"
            />
            <Icon aria-hidden size={14} strokeWidth={1.75} />
            {label}
          </label>
        ))}
      </div>
    </fieldset>
  )
}

function FontSize({ label, value, onChange }: { label: string; value: number; onChange: (value: number) => void }) {
  return (
    <Field label={label} className="w-40">
      {(control) => (
        <Select
          {...control}
          value={String(value)}
          options={FONT_SIZES}
          onValueChange={(chosen) => onChange(Number(chosen))}
        />
      )}
    </Field>
  )
}
