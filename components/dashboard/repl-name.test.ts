import { createElement } from 'react'
import { renderToStaticMarkup } from 'react-dom/server'
import { expect, test } from 'vitest'
import { replWith } from '#components/dashboard/_repl.ts'
import { ReplName } from '#components/dashboard/repl-name.tsx'
import type { ReplView } from '#server/repls/views.ts'

const draw = (over: Partial<ReplView>) =>
  renderToStaticMarkup(createElement(ReplName, { repl: replWith(over), now: 0 }))

test('S13: a name that looks like markup is text, wherever it comes from', () => {
  const name = '<img src=x onerror=alert(1)>'
  const html = draw({ name, role: 'viewer', owner: { id: 'u2', name } })
  expect(html).not.toContain('<img')
  expect(html.split('&lt;img src=x onerror=alert(1)&gt;')).toHaveLength(4)
})

test('a repository shows without what a URL may carry besides', () => {
  const html = draw({ source: { kind: 'git', url: 'https://token@github.com/ada/engine.git', branch: 'dev' } })
  expect(html).toContain('github.com/ada/engine · dev')
  expect(html).not.toContain('token')
})
