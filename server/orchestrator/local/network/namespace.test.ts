import { spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { afterEach, describe, expect, test } from 'vitest'
import { newId, newSandboxId } from '#protocol/ids.ts'
import { createLog } from '#server/log.ts'
import { runTool } from '../run-tool.ts'
import { forgetLink } from './firewall.ts'
import { hasNetwork, makeNetwork, networkPath, removeNetwork } from './namespace.ts'
import { openRouter, removeRouter } from './router.ts'
import type { Router, RouterOptions } from './router.ts'

const id = newSandboxId()
const other = newSandboxId()
const dataDirs = [`/nowhere/${newId()}`, `/nowhere/${newId()}`] as const
/** A loopback address of our own: port 53 of another may be taken. */
const LOOPBACK = `127.${process.pid & 0xff}.${(process.pid >> 8) & 0xff}.53`
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

/** Answers datagrams inside, and says once it does. */
const ANSWER = `
const socket = require('node:dgram').createSocket('udp4', (_, from) => socket.send('answer', from.port, from.address))
socket.bind(7000, () => console.log('listening'))
`

async function ask(sandboxId: string, address: string, port: number): Promise<string> {
  return (await runTool([...inside(sandboxId, ASK), '--', address, String(port)])).trim()
}

function inside(sandboxId: string, script: string) {
  return ['nsenter', `--net=${networkPath(sandboxId)}`, process.execPath, '-e', script] as const
}

async function answerIn(sandboxId: string): Promise<Disposable> {
  const [program, ...args] = inside(sandboxId, ANSWER)
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(child.stdout, 'data')
  return { [Symbol.dispose]: () => void child.kill() }
}

async function addressOf(sandboxId: string): Promise<string> {
  const listing = await runTool(['ip', '-n', `devex-${sandboxId}`, '-o', '-4', 'addr', 'show', 'eth0'])
  return /inet ([\d.]+)/.exec(listing)?.[1] ?? ''
}

async function serve(port: number) {
  const asked: string[] = []
  const server = createSocket('udp4', (text, from) => {
    asked.push(String(text))
    server.send('answer', from.port, from.address)
  })
  server.bind(port, LOOPBACK)
  await once(server, 'listening')
  return { port: server.address().port, asked, [Symbol.dispose]: () => server.close() }
}

for (const firewall of ['nftables', 'iptables'] as const) {
  const isHere = hasTools[firewall]
  describe.skipIf(!isHere)(
    `network of a sandbox with ${firewall}${isHere ? '' : ' (skipped: not usable here)'}`,
    () => {
      const options: RouterOptions = {
        dataDir: dataDirs[0],
        firewall,
        resolvers: { servers: [LOOPBACK], rest: [] },
        proxies: [],
        log: createLog({ level: 'error', format: 'text' }),
      }
      const second = { ...options, dataDir: dataDirs[1] }

      afterEach(async () => {
        for (const one of [id, other]) await removeNetwork(one)
        for (const dataDir of dataDirs) await removeRouter(dataDir)
      })

      test('a name server on the loopback of the machine is reached through the router, and nothing else there', async () => {
        const router = await openRouter(options)
        await makeNetwork(id, router)
        using _ = await serve(53)
        using elsewhere = await serve(0)
        expect(await ask(id, nameServerOf(router.resolvConf), 53)).toBe('answer')
        expect(await ask(id, nameServerOf(router.resolvConf), elsewhere.port)).toBe('silence')
      })

      test('two sandboxes of a router do not reach each other', async () => {
        const router = await openRouter(options)
        await makeNetwork(id, router)
        await makeNetwork(other, router)
        using _ = await answerIn(other)
        const address = await addressOf(other)
        expect(await ask(other, address, 7000)).toBe('answer')
        expect(await ask(id, address, 7000)).toBe('silence')
      })

      test('a sender that is not behind the cable is not let through', async () => {
        const router = await openRouter(options)
        await makeNetwork(id, router)
        using names = await serve(53)
        const name = `devex-${id}`
        const [own, foreign] = [await addressOf(id), '198.19.255.254']
        await runTool(['ip', '-n', name, 'addr', 'add', `${foreign}/32`, 'dev', 'eth0'])
        const gateway = /via ([\d.]+)/.exec(await runTool(['ip', '-n', name, 'route']))?.[1] ?? ''
        const from = async (source: string) => {
          await runTool(['ip', '-n', name, 'route', 'replace', 'default', 'via', gateway, 'src', source])
          return await ask(id, nameServerOf(router.resolvConf), 53)
        }
        expect(await from(own)).toBe('answer')
        expect(await from(foreign)).toBe('silence')
        expect(names.asked).toEqual(['question'])
      })

      test('two control planes stand beside each other, and reach neither the other nor its sandboxes', async () => {
        const routers = [await openRouter(options), await openRouter(second)] as const
        await makeNetwork(id, routers[0])
        await makeNetwork(other, routers[1])
        using _ = await serve(53)
        using _inside = await answerIn(other)
        const [mine, theirs] = routers.map((router) => nameServerOf(router.resolvConf))
        expect(mine).not.toBe(theirs)
        expect(await ask(id, mine ?? '', 53)).toBe('answer')
        expect(await ask(other, theirs ?? '', 53)).toBe('answer')
        expect(await ask(id, theirs ?? '', 53)).toBe('silence')
        expect(await ask(id, await addressOf(other), 7000)).toBe('silence')
        await removeNetwork(id)
        await removeRouter(options.dataDir)
        expect(await ask(other, theirs ?? '', 53)).toBe('answer')
      })

      test('a router with a sandbox stays, and the next control plane takes it over with rules of its own', async () => {
        const first = await openRouter({ ...options, resolvers: { servers: [], rest: [] } })
        await makeNetwork(id, first)
        await removeRouter(options.dataDir)
        expect(await hasNetwork(id)).toBe(true)
        const next = await openRouter(options)
        expect(next.name).toBe(first.name)
        using _ = await serve(53)
        expect(await ask(id, nameServerOf(next.resolvConf), 53)).toBe('answer')
        const before = await tracesOf(next)
        await openRouter(options)
        expect(await tracesOf(next)).toEqual(before)
      })

      test('rules that another program flushed are back with the next sandbox', async () => {
        const router = await openRouter(options)
        await makeNetwork(id, router)
        await forgetLink(await linkOf(router))
        using _ = await serve(53)
        using elsewhere = await serve(0)
        expect(await ask(id, nameServerOf(router.resolvConf), 53)).toBe('silence')
        await makeNetwork(other, router)
        expect(await ask(id, nameServerOf(router.resolvConf), 53)).toBe('answer')
        expect(await ask(id, nameServerOf(router.resolvConf), elsewhere.port)).toBe('silence')
      })

      test('two networks of the same name do not arise, and removing twice is no error', async () => {
        const router = await openRouter(options)
        await makeNetwork(id, router)
        await expect(makeNetwork(id, router)).rejects.toThrow('ip:')
        await removeNetwork(id)
        await removeNetwork(id)
        expect(await hasNetwork(id)).toBe(false)
        await makeNetwork(id, router)
        expect(await hasNetwork(id)).toBe(true)
      })

      test('nothing of a router is left after the last sandbox', async () => {
        const router = await openRouter(options)
        const link = await linkOf(router)
        expect((await tracesOf(router, link)).length).toBeGreaterThan(4)
        await removeRouter(options.dataDir)
        await removeRouter(options.dataDir)
        expect(await tracesOf(router, link)).toEqual([])
      })
    },
  )
}

async function linkOf(router: Router): Promise<string> {
  const links = await runTool(['ip', '-n', router.name, '-o', 'link'])
  return /^\d+: (devex[0-9a-f]{4})@/m.exec(links)?.[1] ?? 'none'
}

/** Everything on this machine that names a router or its link. */
async function tracesOf(router: Router, link?: string): Promise<string[]> {
  const names = new RegExp(`${link ?? (await linkOf(router))}|${router.name}`, 'i')
  const texts = await Promise.all([
    runTool(['ip', 'netns', 'list']),
    runTool(['ip', '-o', 'addr']),
    hasTools.nftables ? runTool(['nft', 'list', 'ruleset']) : '',
    hasTools.iptables ? runTool(['iptables-save']) : '',
  ])
  return texts.flatMap((text) => text.split('\n').filter((line) => names.test(line)))
}

function nameServerOf(resolvConf: string): string {
  return /^nameserver (198\.18\.\d+\.\d+)$/m.exec(resolvConf)?.[1] ?? 'none'
}
