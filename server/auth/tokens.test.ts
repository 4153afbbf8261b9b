import { SignJWT } from 'jose'
import { describe, expect, test } from 'vitest'
import { createSecretBox } from '#server/auth/secret-box.ts'
import { createTokens, newSigningKey } from '#server/auth/tokens.ts'

const claims = { sandbox: 'saaaaaaaaaaaaaaa', repl: 'raaaaaaaaaaaaaaa', generation: 3 }

describe('tokens', () => {
  test('a generation token is read back as it was signed', async () => {
    const tokens = createTokens(newSigningKey())
    expect(await tokens.verifyGeneration(await tokens.generation(claims))).toMatchObject(claims)
  })

  test('S1: a token signed with anything but this installation’s key is rejected', async () => {
    const tokens = createTokens(newSigningKey())
    const foreign = await createTokens(newSigningKey()).generation(claims)
    await expect(tokens.verifyGeneration(foreign)).rejects.toMatchObject({ code: 'unauthenticated' })
    const constant = await new SignJWT({ ...claims })
      .setProtectedHeader({ alg: 'HS256' })
      .setAudience('control-plane')
      .sign(Buffer.from('TODO: Load this from env'))
    await expect(tokens.verifyGeneration(constant)).rejects.toMatchObject({ code: 'unauthenticated' })
  })

  test('S4: a token for another purpose is no credential at the control plane', async () => {
    const tokens = createTokens(newSigningKey())
    const attach = await tokens.attach({
      sub: 'uaaaaaaaaaaaaaaa',
      repl: claims.repl,
      generation: 3,
      role: 'owner',
      actor: 'Ada',
    })
    await expect(tokens.verifyGeneration(attach)).rejects.toMatchObject({ code: 'unauthenticated' })
  })
})

describe('secret box', () => {
  test('what is sealed is unreadable, and opens for its purpose only', () => {
    const box = createSecretBox('s'.repeat(32))
    const sealed = box.seal('provider-token:a', 'gho_token')
    expect(Buffer.from(sealed, 'base64url').includes('gho_token')).toBe(false)
    expect(box.open('provider-token:a', sealed)).toBe('gho_token')
    expect(() => box.open('provider-token:b', sealed)).toThrow(/cannot be decrypted/)
  })

  test('another secret opens nothing', () => {
    const sealed = createSecretBox('s'.repeat(32)).seal('x', 'y')
    expect(() => createSecretBox('t'.repeat(32)).open('x', sealed)).toThrow(/cannot be decrypted/)
  })
})
