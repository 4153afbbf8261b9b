import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'

const css = readFileSync(new URL('../../app/globals.css', import.meta.url), 'utf8')
const LIGHT = tokensOf(':root {')
const DARK = tokensOf("\n[data-theme='dark'] {")
const MORE = tokensOf("\n[data-contrast='more'] {")
const THEMES = {
  light: LIGHT,
  dark: DARK,
  'light, high contrast': new Map([...LIGHT, ...MORE]),
  'dark, high contrast': new Map([...DARK, ...MORE, ...tokensOf("[data-theme='dark'][data-contrast='more'] {")]),
}
type Theme = keyof typeof THEMES
const NAMES = ['light', 'dark', 'light, high contrast', 'dark, high contrast'] as const

const AREAS = ['grey-1', 'grey-2', 'grey-3', 'raised'] as const
const ROWS = ['grey-4', 'grey-5'] as const
const STATES = ['ok', 'attention', 'failed'] as const
const PEOPLE = [1, 2, 3, 4, 5, 6, 7, 8].map((number) => `person-${number}`)

describe.each(NAMES)('tokens of the %s theme', (theme) => {
  const contrast = (one: string, other: string) => ratio(colour(theme, one), colour(theme, other))

  test.each([...AREAS, ...ROWS])('text stands out from %s by 7:1, secondary text by 4.5:1', (area) => {
    expect(contrast('grey-12', area)).toBeGreaterThanOrEqual(7)
    expect(contrast('grey-10', area)).toBeGreaterThanOrEqual(4.5)
  })

  test.each(AREAS)('edges of controls and the focus ring stand out from %s by 3:1', (area) => {
    expect(contrast('grey-8', area)).toBeGreaterThanOrEqual(3)
    expect(contrast('focus', area)).toBeGreaterThanOrEqual(3)
  })

  test.each(AREAS)('words in state colours, faint words and links are readable on %s', (area) => {
    const faint = [...STATES, 'accent-text', 'grey-9'].filter((name) => contrast(name, area) < 4.5)
    expect(faint).toEqual([])
  })

  test('words on filled areas are readable', () => {
    expect(contrast('on-accent', 'accent')).toBeGreaterThanOrEqual(5.5)
    expect(contrast('on-accent', 'accent-hover')).toBeGreaterThanOrEqual(4.5)
    expect(contrast('on-failed', 'failed')).toBeGreaterThanOrEqual(4.5)
    expect(contrast('accent-text', 'accent-soft')).toBeGreaterThanOrEqual(4.5)
    const faint = [
      ...STATES.filter((state) => contrast(state, `${state}-soft`) < 4.5),
      ...PEOPLE.filter((person) => contrast('on-person', person) < 4.5),
    ]
    expect(faint).toEqual([])
  })
})

describe.each(['light, high contrast', 'dark, high contrast'] as const)('tokens of the %s theme', (theme) => {
  const contrast = (one: string, other: string) => ratio(colour(theme, one), colour(theme, other))

  test.each(AREAS)('all words stand out from %s by 7:1, lines by 3:1, edges of controls by 4.5:1', (area) => {
    const words = ['grey-9', 'grey-10', 'grey-11', 'grey-12', 'accent-text', ...STATES]
    expect(words.filter((name) => contrast(name, area) < 7)).toEqual([])
    expect(contrast('grey-6', area)).toBeGreaterThanOrEqual(3)
    expect(contrast('grey-8', area)).toBeGreaterThanOrEqual(4.5)
    expect(contrast('focus', area)).toBeGreaterThanOrEqual(4.5)
  })
})

test('all themes define the same tokens', () => {
  expect(NAMES.map((name) => [...THEMES[name].keys()])).toEqual(NAMES.map(() => [...LIGHT.keys()]))
})

test('whatever high contrast changes in light, it changes in dark', () => {
  const dark = tokensOf("[data-theme='dark'][data-contrast='more'] {")
  expect([...MORE.keys()].filter((name) => !dark.has(name))).toEqual([])
})

test('no colour can be minified to three digits: Monaco reads the tokens and takes six', () => {
  const short = Object.values(THEMES)
    .flatMap((tokens) => [...tokens])
    .filter(([, value]) => /^#(.)\1(.)\2(.)\3$/.test(value))
  expect(short).toEqual([])
})

function tokensOf(selector: string): Map<string, string> {
  const start = css.indexOf(selector)
  const block = css.slice(start, css.indexOf('\n}', start))
  return new Map([...block.matchAll(/--([\w-]+):\s*([^;]+);/g)].map(([, name = '', value = '']) => [name, value]))
}

function colour(theme: Theme, name: string): string {
  const value = THEMES[theme].get(name)
  if (value === undefined) throw new Error(`no token ${name}`)
  return value
}

/** WCAG 2.2 contrast ratio of two `#rrggbb` colours. */
function ratio(one: string, other: string): number {
  const [high = 0, low = 0] = [luminance(one), luminance(other)].sort((a, b) => b - a)
  return (high + 0.05) / (low + 0.05)
}

function luminance(hex: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const value = Number.parseInt(hex.slice(at, at + 2), 16) / 255
    return value <= 0.040_45 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}
