import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { afterEach, describe, expect, test } from 'vitest'
import { newSandboxId } from '#protocol/ids.ts'
import { runTool } from '../run-tool.ts'
import { makeNetwork, networkPath, removeNetwork } from './namespace.ts'

const id = newSandboxId()
const hasTools = {
  nftables: await works(['nft', 'list', 'tables']),
  iptables: await works(['iptables', '-w', '-S']),
}

async function works(argv: readonly [string, ...string[]]): Promise<boolean> {
  if (process.getuid?.() !== 0) return false
  return await runTool(argv).then(
    () => true,
    () => false,
  )
}

/** Sends a datagram from inside and gives the answer. */
const ASK = `
const socket = require('node:dgram').createSocket('udp4')
socket.on('message', (text) => { console.log(String(text)); process.exit(0) })
socket.send('question', Number(process.argv[2]), process.argv[1])
setTimeout(() => { console.log('silence'); process.exit(0) }, 1500)
`

async function ask(address: string, port: number): Promise<string> {
  const argv = [
    'nsenter',
    `--net=${networkPath(id)}`,
    process.execPath,
    '-e',
    ASK,
    '--',
    address,
    String(port),
  ] as const
  return (await runTool([...argv])).trim()
}

async function serve(port: number) {
  const server = createSocket('udp4', (_, from) => server.send('answer', from.port, from.address))
  server.bind(port, '127.0.0.1')
  await once(server, 'listening')
  return server
}

for (const firewall of ['nftables', 'iptables'] as const) {
  const isHere = hasTools[firewall]
  describe.skipIf(!isHere)(
    `network of a sandbox with ${firewall}${isHere ? '' : ' (skipped: not usable here)'}`,
    () => {
      const options = { firewall, resolvers: { servers: [], rest: [] }, proxies: [] }

      afterEach(() => removeNetwork(id, firewall))

      test('a name server on the loopback of the machine is reached through the gateway, and nothing else there', async () => {
        const network = await makeNetwork(id, { ...options, resolvers: { servers: ['127.0.0.1'], rest: [] } })
        const gateway = /^nameserver (198\.\d+\.\d+\.\d+)$/m.exec(network.resolvConf)?.[1] ?? ''
        const [dns, other] = [await serve(53), await serve(0)]
        try {
          expect(await ask(gateway, 53)).toBe('answer')
          expect(await ask(gateway, other.address().port)).toBe('silence')
        } finally {
          dns.close()
          other.close()
        }
      })

      test('two of the same name do not arise, and removing twice is no error', async () => {
        await makeNetwork(id, options)
        await expect(makeNetwork(id, options)).rejects.toThrow('ip:')
        await removeNetwork(id, firewall)
        await removeNetwork(id, firewall)
        await makeNetwork(id, options)
        expect(await runTool(['ip', 'netns', 'list'])).toContain(id)
      })

      test('its rules go with it', async () => {
        const list = () => runTool(firewall === 'nftables' ? ['nft', 'list', 'ruleset'] : ['iptables-save'])
        await makeNetwork(id, { ...options, resolvers: { servers: ['127.0.0.1'], rest: [] } })
        expect(await list()).toContain(id)
        await removeNetwork(id, firewall)
        expect(await list()).not.toContain(id)
      })
    },
  )
}
