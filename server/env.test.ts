import { readFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { envExample, readEnv } from '#server/env.ts'

describe('env', () => {
  test('an empty environment is the embedded default on loopback', () => {
    const env = readEnv({})
    expect(env).toMatchObject({ HOST: '127.0.0.1', PORT: 3000, isLoopback: true })
    expect([env.stateStore, env.objectStore, env.github]).toEqual([
      { provider: 'sqlite' },
      { provider: 'disk' },
      undefined,
    ])
  })

  test('a wrong value names the variable, what was wrong, what it is for, and a value that works', () => {
    expect(() => readEnv({ PORT: 'eighty' })).toThrow(/PORT: .*number.*Port to listen on.*Example: PORT=3000/i)
    expect(() => readEnv({ S3_ENDPOINT: 'minio' })).toThrow(/S3_ENDPOINT: .*URL.*e\.g\. https:/i)
  })

  test('every wrong variable is named at once', () => {
    expect(() => readEnv({ PORT: '70000', LOG_LEVEL: 'loud' })).toThrow(/PORT[^]*LOG_LEVEL/)
  })

  test('S1: a secret of fewer than 32 characters is refused with a command that makes one', () => {
    expect(() => readEnv({ DEVEX_SECRET: 'change-me' })).toThrow(
      /DEVEX_SECRET: at least 32 characters.*openssl rand -hex 32/,
    )
  })

  test('S11: a bind that others can reach is refused without a sign-in provider', () => {
    expect(() => readEnv({ HOST: '0.0.0.0' })).toThrow(/HOST: 0\.0\.0\.0 can be reached.*GITHUB_CLIENT_ID/)
  })

  test('addresses that could not work, or would say more in a page’s policy than meant, are refused', () => {
    for (const url of ['https://devex.example.com/path', 'https://user:word@devex.example.com', 'https://a.example/?q'])
      expect(() => readEnv({ PUBLIC_URL: url })).toThrow(/PUBLIC_URL: a scheme and a host/)
    for (const domain of ['*.example.com', 'https://preview.example.com', "example.com; script-src 'unsafe-inline'"])
      expect(() => readEnv({ PREVIEW_DOMAIN: domain })).toThrow(/PREVIEW_DOMAIN: a domain/)
    expect(readEnv({ PUBLIC_URL: 'https://devex.example.com:8443/' }).PUBLIC_URL).toBe(
      'https://devex.example.com:8443/',
    )
    expect(readEnv({ PUBLIC_URL: 'http://[::1]:3000', PREVIEW_DOMAIN: 'preview.example.com' })).toMatchObject({
      PREVIEW_DOMAIN: 'preview.example.com',
    })
  })

  test('networks and credentials that no start could work with are refused', () => {
    const cluster = { ORCHESTRATOR: 'kubernetes' }
    for (const name of ['EGRESS_ALLOW', 'CLUSTER_CIDRS', 'SANDBOX_CALLERS'])
      for (const value of ['10.200.0.1', 'foo', '10.0.0.0/33', '10.0.0.0/8, x'])
        expect(() => readEnv({ ...cluster, [name]: value })).toThrow(
          `${name}: networks with the length of their prefix`,
        )
    expect(() => readEnv({ ...cluster, CLUSTER_CIDRS: '10.0.0.0/8:80' })).toThrow('CLUSTER_CIDRS: networks')
    expect(readEnv({ EGRESS_ALLOW: '10.1.2.3/32:9000, fd00::/8, 10.0.0.0/8' }).EGRESS_ALLOW).toEqual([
      '10.1.2.3/32:9000',
      'fd00::/8',
      '10.0.0.0/8',
    ])
    expect(() => readEnv({ OBJECT_STORE: 's3', S3_BUCKET: 'bucket', S3_ACCESS_KEY_ID: 'a' })).toThrow(
      'set both, or neither',
    )
  })

  test('GitHub sign-in is closed until somebody is allowed in', () => {
    const github = { GITHUB_CLIENT_ID: 'id', GITHUB_CLIENT_SECRET: 'secret' }
    expect(() => readEnv(github)).toThrow(/ALLOWED_GITHUB_USERS: nobody may sign in/)
    expect(readEnv({ ...github, ALLOWED_GITHUB_USERS: 'ada, grace' }).github?.allowedUsers).toEqual(['ada', 'grace'])
    expect(readEnv({ ...github, ALLOW_ANYONE: 'true' }).github?.allowAnyone).toBe(true)
  })

  test('a provider without its settings names what is missing, with an example', () => {
    expect(() => readEnv({ STATE_STORE: 'redis' })).toThrow(/REDIS_URL: missing.*redis:\/\//)
    expect(() => readEnv({ OBJECT_STORE: 's3' })).toThrow(/S3_BUCKET: missing.*S3_BUCKET=/)
    expect(() => readEnv({ GITHUB_CLIENT_SECRET: 'x' })).toThrow(/GITHUB_CLIENT_ID: missing/)
  })

  test('.env.example lists every setting', async () => {
    expect(await readFile('.env.example', 'utf8')).toBe(envExample())
    expect(envExample()).toContain('# PORT=3000')
  })
})
