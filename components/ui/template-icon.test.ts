import { createElement } from 'react'
import { renderToStaticMarkup } from 'react-dom/server'
import { expect, test } from 'vitest'
import { TemplateIcon } from '#components/ui/template-icon.tsx'

const draw = (template: string) => renderToStaticMarkup(createElement(TemplateIcon, { template }))

test('U4: the icon follows the template, each its own', () => {
  const keys = ['node', 'python', 'go', 'web', 'git', 'empty']
  expect(new Set(keys.map(draw)).size).toBe(keys.length)
  expect(draw('node')).toContain('data-template="node"')
})

test('an unknown template has an icon too, and the names of object members are unknown', () => {
  expect(draw('cobol')).toContain('<svg')
  expect(draw('constructor')).toContain('<svg')
})
