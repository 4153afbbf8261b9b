import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { ERROR_CODES } from '#protocol/errors.ts'
import {
  AppError,
  HTTP_STATUS,
  TRPC_CODE,
  closeCode,
  errorResponse,
  fromWireError,
  toAppError,
  toWireError,
} from '#server/errors.ts'

describe('errors', () => {
  test('every code has an HTTP status, a tRPC code and a close code', () => {
    for (const code of ERROR_CODES) {
      expect(HTTP_STATUS[code]).toBeGreaterThanOrEqual(400)
      expect(TRPC_CODE[code]).toMatch(/^[A-Z_]+$/)
      expect(closeCode(code)).toBeGreaterThanOrEqual(4400)
    }
  })

  test('an unknown error shows a client nothing of itself', () => {
    const wire = toWireError(new Error('password=hunter2'))
    expect(wire.code).toBe('internal')
    expect(JSON.stringify(wire)).not.toContain('hunter2')
  })

  test('a schema failure says which field', () => {
    const error = toAppError(z.object({ name: z.string() }).safeParse({ name: 1 }).error)
    expect([error.code, error.message]).toEqual(['bad_request', expect.stringContaining('name: ')])
  })

  test('an error survives the wire', () => {
    const error = new AppError('conflict', 'a.txt has changed', { advice: 'Compare.', path: 'a.txt' })
    expect(toWireError(fromWireError(toWireError(error)))).toEqual(toWireError(error))
  })

  test('a class of another module graph is recognised by its brand', () => {
    const twin = Object.assign(new Error('gone'), { code: 'gone', [Symbol.for('devex.error')]: true })
    expect(twin).toBeInstanceOf(AppError)
    expect(new Error('x')).not.toBeInstanceOf(AppError)
  })

  test('an HTTP answer carries status and advice', async () => {
    const response = errorResponse(new AppError('not_found', 'No such REPL.', { advice: 'Open the list.' }))
    expect(response.status).toBe(404)
    expect(await response.json()).toEqual({
      error: { code: 'not_found', message: 'No such REPL.', advice: 'Open the list.' },
    })
  })
})
