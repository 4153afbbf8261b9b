import { expect, test } from 'vitest'
import { ownAddress } from './own-address.ts'

test('what a program prints of itself is its preview, everything else is elsewhere', () => {
  expect(ownAddress('http://localhost:3000')).toEqual({ port: 3000, path: '/' })
  expect(ownAddress('http://0.0.0.0:8080/a?b=1#c')).toEqual({ port: 8080, path: '/a?b=1#c' })
  expect(ownAddress('http://[::1]:5173/')).toEqual({ port: 5173, path: '/' })
  expect(ownAddress('http://127.0.0.1/')).toEqual({ port: 80, path: '/' })
  expect(ownAddress('https://localhost:3000')).toBeUndefined()
  expect(ownAddress('http://localhost.example.com:3000')).toBeUndefined()
  expect(ownAddress('http://192.168.0.1:3000')).toBeUndefined()
})
