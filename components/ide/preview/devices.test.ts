import { expect, test } from 'vitest'
import { DEVICES, fitted } from './devices.ts'

test('a device that does not fit is drawn smaller, in the middle, and never larger', () => {
  expect(fitted(DEVICES.phone, { width: 1000, height: 1000 })).toEqual({ scale: 1, left: 305 })
  expect(fitted(DEVICES.phone, { width: 1000, height: 422 })).toEqual({ scale: 0.5, left: 403 })
  expect(fitted(DEVICES.laptop, { width: 640, height: 900 })).toEqual({ scale: 0.5, left: 0 })
})
