import { describe, expect, test } from 'vitest'
import { launchArgv } from './launch.ts'
import type { LaunchOptions } from './launch.ts'

const OPTIONS: LaunchOptions = {
  sandboxId: 's000000000000000',
  cgroups: ['/sys/fs/cgroup/pids/devex-x/cgroup.procs'],
  networkNamespace: '/run/netns/devex-x',
  bubblewrap: {
    mounts: [
      { source: '/root/p/$(id)', inside: '/workspace', access: 'read-write', kind: 'folder' },
      { source: '/root/node', inside: '/opt/devex-node/bin/node', access: 'read-only', kind: 'file' },
    ],
    links: [],
    environment: { A: 'b c' },
    network: 'inherited',
    nestedUserns: 'refused',
    cwd: '/workspace',
    command: ['node', 'runner.mjs'],
  },
}

describe('the command line of a part', () => {
  test('root stages closed folders, then drops to an unprivileged user before bubblewrap', () => {
    const argv = launchArgv(OPTIONS, 0)
    expect(argv.slice(0, 5)).toEqual(['nsenter', '--net=/run/netns/devex-x', '--', 'unshare', '--mount'])
    const steps = argv.slice(argv.indexOf('devex-launch') + 1, argv.indexOf('bwrap'))
    expect(steps.join(' ')).toBe(
      [
        'cgroup /sys/fs/cgroup/pids/devex-x/cgroup.procs stage /run/devex',
        'folder /root/p/$(id) /run/devex/0 file /root/node /run/devex/1 --',
        'setpriv --reuid 60907 --regid 60907 --clear-groups --inh-caps=-all --',
      ].join(' '),
    )
    expect(argv.join(' ')).toContain('--bind /run/devex/0 /workspace --ro-bind /run/devex/1 /opt/devex-node/bin/node')
    expect(argv.join(' ')).not.toContain('--die-with-parent')
  })

  test('an ordinary user starts bubblewrap itself, with the real folders', () => {
    const argv = launchArgv(OPTIONS, 1000)
    expect(argv[0]).toBe('/bin/sh')
    expect(argv).not.toContain('setpriv')
    expect(argv.join(' ')).toContain('--bind /root/p/$(id) /workspace')
    expect(argv.slice(-3)).toEqual(['--', 'node', 'runner.mjs'])
  })

  test('an ordinary user’s own network is closed before bubblewrap starts in it', () => {
    const argv = launchArgv({ ...OPTIONS, slirp: { closed: ['10.0.0.0/8'], open: ['10.9.9.9'] } }, 1000)
    const steps = argv.slice(argv.indexOf('devex-launch') + 1, argv.indexOf('bwrap')).join(' ')
    expect(steps).toContain('network closed 10.0.0.0/8 open 10.9.9.9 --')
    expect(argv[argv.indexOf('-c') + 1]).toContain('--disable-host-loopback')
  })

  test('S3: nothing that is given stands in the text that the shell reads', () => {
    const script = launchArgv(OPTIONS, 0).find((argument) => argument.includes('exec "$@"')) ?? ''
    for (const given of ['/root', 'devex-x', 'runner.mjs', '$(id)']) expect(script).not.toContain(given)
  })
})
