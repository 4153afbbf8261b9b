import { describe, expect, it } from 'vitest'
import { MAX_INSTRUCTIONS_CHARS } from './limits.ts'
import { promptDefaults, promptDefinitions } from './prompts.ts'
import { resourceTemplates, staticResources } from './resources.ts'
import { INSTRUCTIONS, SERVER_CAPABILITIES, SERVER_INFO, findTool, listTools, toolDefinitions } from './tools.ts'

const everything = ['repl:read', 'repl:write', 'repl:exec', 'repl:admin'] as const

describe('the tools of a REPL', () => {
  it('have short names and say everything that a client asks about', () => {
    for (const tool of listTools(everything)) {
      expect(tool.name).toMatch(/^[a-z_]{1,30}$/)
      expect(tool.title).not.toBe('')
      expect(Object.values(tool.annotations).filter((hint) => typeof hint === 'boolean')).toHaveLength(4)
    }
    expect(listTools(everything)).toHaveLength(toolDefinitions.length)
    expect(findTool('exec')?.scope).toBe('repl:exec')
    expect(SERVER_INFO.name).toBe('devex')
    expect(SERVER_CAPABILITIES.resources.subscribe).toBe(true)
  })

  it('take flat arguments, without unions, references or null, so that every client can read them', () => {
    for (const tool of listTools(everything)) {
      const text = JSON.stringify(tool.inputSchema)
      expect(text).not.toMatch(/anyOf|oneOf|allOf|\$ref|"null"/)
      expect(tool.inputSchema).toMatchObject({ type: 'object', additionalProperties: false })
    }
  })

  it('are shown to those who may use them: a viewer sees no tool that writes', () => {
    const seen = listTools(['repl:read'])
    expect(seen.every((tool) => tool.annotations.readOnlyHint)).toBe(true)
    expect(seen.map(({ name }) => name)).not.toContain('exec')
    expect(listTools(['repl:read', 'repl:write', 'repl:exec']).map(({ name }) => name)).not.toContain('stop_repl')
  })

  it('come with prompts that use each of their arguments', () => {
    for (const prompt of promptDefinitions) {
      const used = [...prompt.text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)
      expect(used).toEqual(prompt.arguments.map(({ name }) => name))
    }
    const optional = promptDefinitions.flatMap((prompt) => prompt.arguments).filter(({ required }) => !required)
    expect(Object.keys(promptDefaults)).toEqual(optional.map(({ name }) => name))
  })

  it('come with resources, each with an address of its own', () => {
    const addresses = [...staticResources.map(({ uri }) => uri), ...resourceTemplates.map((each) => each.uriTemplate)]
    expect(new Set(addresses).size).toBe(addresses.length)
  })

  it('come with instructions short enough for every client', () => {
    expect(INSTRUCTIONS.length).toBeLessThanOrEqual(MAX_INSTRUCTIONS_CHARS)
  })
})
