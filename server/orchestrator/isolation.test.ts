import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { readdir, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo, Server } from 'node:net'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { newSandboxId } from '#protocol/ids.ts'
import { openLocalOrchestrator } from './local.ts'
import { socketsDir } from './local/folders.ts'
import { CONTRACT_LIMITS, POLL, ask, shell, shellIn } from './_stand-in-client.ts'
import { makeTestFolder } from './_stand-in.ts'

const folder = await makeTestFolder('auto')
const orchestrator = await openLocalOrchestrator(folder.options)
const isolation = orchestrator.isolation()
const hasPip = spawnSync('/usr/bin/python3', ['-m', 'pip', '--version']).status === 0
const isOnline = spawnSync('npm', ['view', 'is-odd@3.0.1', 'version'], { timeout: 30_000 }).status === 0
const uid = process.getuid?.() ?? -1

function when(condition: boolean, why: string): string {
  return condition ? '' : ` (skipped: ${why})`
}

/** A process may end while it is looked at. */
function readOr(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

const hasBubblewrap = isolation.level === 'bubblewrap'
const hasNetwork = isolation.network === 'separate'
const HOST_FILE = join(folder.path, 'host-secret')

async function make(limits = CONTRACT_LIMITS): Promise<string> {
  const id = newSandboxId()
  await orchestrator.create(id, { template: 'node', limits })
  return id
}

afterEach(async () => {
  for (const { id } of await orchestrator.list()) await orchestrator.remove(id)
})

afterAll(async () => {
  await orchestrator[Symbol.asyncDispose]()
  await folder[Symbol.asyncDispose]()
})

describe.skipIf(!hasBubblewrap)(`in bubblewrap${when(hasBubblewrap, 'bubblewrap does not work here')}`, () => {
  beforeAll(() => writeFile(HOST_FILE, 'secret'))

  test('S7: runs as nobody special, without capabilities, and cannot write outside its folders', async () => {
    const id = await make()
    const { output } = await shell(
      orchestrator,
      id,
      'id -u; id -un; grep -E "^(CapEff|CapBnd|NoNewPrivs)" /proc/self/status',
    )
    expect(output.split('\n')).toEqual([
      '1000',
      'dev',
      'CapEff:\t0000000000000000',
      'CapBnd:\t0000000000000000',
      'NoNewPrivs:\t1',
      '',
    ])
    const writes = await shell(
      orchestrator,
      id,
      'for d in / /usr /etc /opt/devex /opt/devex-node/bin /bin; do touch $d/x 2>/dev/null && echo "wrote $d"; done; touch /workspace/a /home/dev/b /tmp/c && ls /workspace',
    )
    expect(writes).toEqual({ code: 0, output: 'a\n' })
  })

  test.skipIf(uid !== 0)('S7: the runner is not root outside either', async () => {
    const id = await make()
    await shell(orchestrator, id, 'touch /workspace/a')
    const owner = execFileSync('stat', [
      '-c',
      '%u',
      join(folder.options.dataDir, 'sandboxes', id, 'volume/workspace/a'),
    ])
    expect(Number(owner)).toBeGreaterThan(0)
  })

  test('cannot make namespaces of its own', async () => {
    const id = await make()
    expect((await shell(orchestrator, id, 'unshare -Ur true')).code).not.toBe(0)
  })

  test('sees no file of the machine and no other sandbox', async () => {
    const first = await make()
    const second = await make()
    await shell(orchestrator, second, 'echo mine > /workspace/theirs')
    const { output } = await shell(
      orchestrator,
      first,
      `cat ${HOST_FILE} ${folder.options.dataDir}/sandboxes/${second}/volume/workspace/theirs; ls /root /home /tmp /run /run/devex ${socketsDir()}; find / -xdev -name theirs 2>/dev/null`,
    )
    expect(output).not.toContain('secret\n')
    expect(output).not.toContain('mine')
    expect(output).not.toContain('sidecar')
    expect(output).toContain(`/home:\ndev\n`)
    expect(output).toContain(`/run/devex:\nrunner.sock\n`)
  })

  test('S10: neither sees nor signals the sidecar', async () => {
    const id = await make()
    const sidecar = await shellIn(orchestrator, { sandboxId: id, part: 'sidecar', command: 'env; ls /run/devex' })
    expect(sidecar.output).toContain('CONTROL_SOCKET')
    const { output } = await shell(orchestrator, id, 'cat /proc/*/environ /proc/*/cmdline | tr "\\0" "\\n"; env')
    expect(output).toContain('RUNNER_SOCKET')
    expect(output).not.toMatch(/CONTROL_SOCKET|SIDECAR_SOCKET|sidecar/)
  })

  test('S10: kill -9 -1 inside leaves the sidecar, the other sandboxes and the way back', async () => {
    const id = await make()
    const other = await make()
    await shell(orchestrator, id, 'kill -9 -1').catch(() => {})
    await expect
      .poll(async () => (await orchestrator.list()).find((one) => one.id === id)?.deadParts, POLL)
      .toEqual(['runner'])
    await orchestrator.revive(id)
    expect((await orchestrator.list()).map((one) => one.state)).toEqual(['up', 'up'])
    expect((await shell(orchestrator, other, 'echo alive')).output).toBe('alive\n')
  })

  test('the sidecar reaches the control plane, the runner does not', async () => {
    const id = await make()
    const answer = await shellIn(orchestrator, {
      sandboxId: id,
      part: 'sidecar',
      command: 'curl -s --unix-socket "$CONTROL_SOCKET" http://control/ || echo unreachable',
    })
    expect(answer.output).toBe('control plane 1')
    expect((await shell(orchestrator, id, 'ls /run/devex/control')).code).not.toBe(0)
  })

  test('a socket replaced by a link leads our connections nowhere', async () => {
    const id = await make()
    await shell(orchestrator, id, `ln -sfn ${folder.options.controlSocket} /run/devex/runner.sock`)
    await expect(orchestrator.dial(id, 'runner')).rejects.toMatchObject({ code: 'unavailable' })
  })

  test('S5: the environment of a sandbox names no other sandbox and nothing of the server', async () => {
    const [id, other] = [await make(), await make()]
    const { output } = await shell(orchestrator, id, 'env')
    expect(output).not.toContain(other)
    expect(output).not.toContain(folder.path)
    expect(output).not.toContain('VITEST')
    expect(output).toMatch(/^PATH=\/home\/dev\/\.local\/bin:.*:\/opt\/devex-node\/bin$/m)
    const login = await shell(orchestrator, id, 'bash -lc "echo \\$PATH"')
    expect(login.output).toMatch(/^\/home\/dev\/\.local\/bin:.*:\/opt\/devex-node\/bin\n$/)
  })

  test('what user code wrote cannot keep a sandbox from being deleted', async () => {
    const id = await make()
    await writeFile(join(folder.path, 'outside'), 'stays')
    const made = await shell(
      orchestrator,
      id,
      `cd /workspace && mkdir closed && touch closed/x && chmod 000 closed && ln -s ${folder.path} link && ln -s / root
       node -e 'for (let i = 0; i < 40; i++) { fs.mkdirSync("a".repeat(200)); process.chdir("a".repeat(200)) }' || exit 1
       setsid sleep 1000 >/dev/null 2>&1 & setsid env -i sleep 1001 >/dev/null 2>&1 & true`,
    )
    expect(made.code).toBe(0)
    await orchestrator.remove(id)
    expect(await readdir(join(folder.options.dataDir, 'sandboxes'))).toEqual([])
    expect(readFileSync(join(folder.path, 'outside'), 'utf8')).toBe('stays')
    expect(existsSync(join(socketsDir(), id))).toBe(false)
  })
})

describe.skipIf(!hasNetwork)(`with a network of its own${when(hasNetwork, 'the network is shared here')}`, () => {
  const servers: Server[] = []

  afterEach(() => {
    for (const server of servers.splice(0)) server.close()
  })

  async function listen(host: string): Promise<number> {
    const server = createServer((socket) => socket.end('reached\n'))
    servers.push(server)
    return await new Promise((resolve) =>
      server.listen(0, host, () => {
        const address: AddressInfo | string | null = server.address()
        resolve(typeof address === 'object' && address !== null ? address.port : 0)
      }),
    )
  }

  const connect = (host: string, port: number) =>
    `timeout 2 bash -c 'cat < /dev/tcp/${host}/${port}' 2>/dev/null || echo closed`

  test('S7: reaches neither loopback nor any own address of the machine', async () => {
    const id = await make()
    // Not those of other installations here: there may be many, and they are as closed as any private network.
    const own = Object.entries(networkInterfaces())
      .flatMap(([link, addresses]) => (link.startsWith('devex') ? [] : (addresses ?? [])))
      .filter((address) => address.family === 'IPv4')
      .map((address) => address.address)
    const port = await listen('0.0.0.0')
    const { output: gateway } = await shell(
      orchestrator,
      id,
      "ip route | sed -n 's/^default via \\([0-9.]*\\).*/\\1/p'",
    )
    const targets = [...new Set([...own, gateway.trim()])]
    const results = await Promise.all(targets.map((address) => shell(orchestrator, id, connect(address, port))))
    expect(targets).toContain('127.0.0.1')
    expect(results).toEqual(targets.map(() => ({ code: 0, output: 'closed\n' })))
  })

  test('S7: reaches no private network, no metadata address, no other sandbox', async () => {
    const id = await make()
    const other = await make()
    const { output } = await shell(
      orchestrator,
      other,
      "ip -o -4 addr show scope global | sed 's/.*inet \\([0-9.]*\\).*/\\1/'",
    )
    await shell(
      orchestrator,
      other,
      'node -e "require(\\`net\\`).createServer((s) => s.end(\\`reached\\\\n\\`)).listen(8000)" >/dev/null 2>&1 &',
    )
    await expect
      .poll(async () => (await shell(orchestrator, other, connect(output.trim(), 8000))).output, POLL)
      .toBe('reached\n')
    const targets = [output.trim(), '169.254.169.254', '10.200.0.1', '192.168.1.1']
    const results = await Promise.all(targets.map((address) => shell(orchestrator, id, connect(address, 8000))))
    expect(results).toEqual(targets.map(() => ({ code: 0, output: 'closed\n' })))
  })

  test.skipIf(!isOnline)(`npm reaches its registry${when(isOnline, 'offline')}`, async () => {
    const id = await make({ ...CONTRACT_LIMITS, memoryBytes: 1024 ** 3 })
    expect((await shell(orchestrator, id, 'npm view is-odd@3.0.1 version')).output).toContain('3.0.1')
  })

  const canPip = isOnline && hasPip
  test.skipIf(!canPip)(`pip reaches its registry${when(canPip, 'offline, or no pip here')}`, async () => {
    const id = await make({ ...CONTRACT_LIMITS, memoryBytes: 1024 ** 3 })
    const download = 'cd /tmp && python3 -m pip download --no-deps --quiet six==1.16.0 && ls six*'
    expect((await shell(orchestrator, id, download)).output).toContain('six-1.16.0')
  })

  test.skipIf(uid === 0)('a runner whose slirp4netns ended is dead, and comes back with a network', async () => {
    const id = await make()
    const carriers = () =>
      globSync('/proc/[0-9]*/environ').flatMap((file) => {
        const isOurs = readOr(file).includes(`SANDBOX_ID=${id}`)
        const [, , pid] = file.split('/')
        return isOurs && readOr(`/proc/${pid}/comm`) === 'slirp4netns\n' ? [Number(pid)] : []
      })
    for (const pid of carriers()) process.kill(pid, 'SIGKILL')
    await expect
      .poll(async () => (await orchestrator.list()).find((one) => one.id === id)?.deadParts, POLL)
      .toEqual(['runner'])
    await orchestrator.revive(id)
    expect((await shell(orchestrator, id, 'ip route')).output).toContain('default via 10.0.2.2')
    await orchestrator.remove(id)
    expect(carriers()).toEqual([])
  })

  test.skipIf(uid !== 0)('a sandbox leaves neither namespace, cable nor rules', async () => {
    const id = await make()
    const all = () =>
      execFileSync('sh', ['-c', 'ip netns list; ip -o link; nft list tables; ls -d /sys/fs/cgroup/*/devex-*; true'], {
        stdio: ['ignore', 'pipe', 'ignore'],
      }).toString()
    expect(all()).toContain(id)
    await orchestrator.remove(id)
    expect(all()).not.toContain(id)
  })
})

describe.skipIf(!isolation.enforced.memory)(
  `memory limit${when(isolation.enforced.memory, 'no cgroup is writable')}`,
  () => {
    test('S7: a memory hog is ended, and the runner goes on', async () => {
      const id = await make({ ...CONTRACT_LIMITS, memoryBytes: 128 * 1024 ** 2 })
      const hog = await shell(orchestrator, id, 'node -e "const all = []; for (;;) all.push(Buffer.alloc(1e7, 1))"')
      expect(hog.code).not.toBe(0)
      expect((await shell(orchestrator, id, 'echo alive')).output).toBe('alive\n')
    })

    test('a runner that grows past the limit is dead for that reason, and comes back', async () => {
      const id = await make({ ...CONTRACT_LIMITS, memoryBytes: 128 * 1024 ** 2 })
      await ask(orchestrator, { sandboxId: id, part: 'runner', path: '/grow' }).catch(() => {})
      await expect.poll(async () => (await orchestrator.list())[0]?.reason, POLL).toContain('memory limit of 128 MiB')
      await orchestrator.revive(id)
      expect((await shell(orchestrator, id, 'echo back')).output).toBe('back\n')
    })
  },
)

describe.skipIf(!isolation.enforced.processes)(
  `process limit${when(isolation.enforced.processes, 'no cgroup is writable')}`,
  () => {
    test('S7: a fork bomb is bounded and ends with its sandbox', async () => {
      const id = await make()
      await shell(orchestrator, id, 'timeout 3 bash -c "b() { b | b & }; b; sleep 2" >/dev/null 2>&1').catch(() => {})
      const [file = ''] = globSync(`/sys/fs/cgroup/{pids/,**/}devex-${id}/pids.current`)
      expect(Number(readFileSync(file, 'utf8'))).toBeGreaterThan(8)
      expect(Number(readFileSync(file, 'utf8'))).toBeLessThanOrEqual(CONTRACT_LIMITS.processes)
      await orchestrator.remove(id)
      expect(await orchestrator.list()).toEqual([])
    })
  },
)
