import { AxeBuilder } from '@axe-core/playwright'
import { expect } from '@playwright/test'
import type { Page } from '@playwright/test'

const SIZES = [
  { width: 1440, height: 900 },
  { width: 390, height: 844 },
]
const THEMES = ['dark', 'light'] as const

/** What is not ours to judge: the insides of the two widgets that draw for themselves, and the user's own page. */
const NOT_OURS = ['.monaco-editor', '.xterm', 'iframe[title^="Preview"]']

/** Looks at the page in both themes and sizes: no axe violation, nothing wider than the window; pictures for a person to look at. */
export async function look(page: Page, name: string): Promise<void> {
  for (const theme of THEMES) {
    await page.evaluate((chosen) => document.documentElement.setAttribute('data-theme', chosen), theme)
    for (const size of SIZES) {
      await page.setViewportSize(size)
      await expect(async () => {
        const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
        expect(overflow).toBeLessThanOrEqual(0)
      }).toPass({ timeout: 5_000 })
      await page.screenshot({ path: `.build/screens/${name}-${theme}-${size.width}.png`, animations: 'disabled' })
      const builder = new AxeBuilder({ page }).options({ resultTypes: ['violations'] })
      for (const foreign of NOT_OURS) builder.exclude(foreign)
      const { violations } = await builder.analyze()
      const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target.join(' ')).join(', ')}`)
      expect(found, `${name}, ${theme}, ${size.width}`).toEqual([])
    }
  }
  await page.setViewportSize({ width: 1440, height: 900 })
}
