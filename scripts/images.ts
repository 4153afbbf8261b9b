import { spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { ROOT } from './root.ts'

/**
 * `npm run images [-- NAME…]`: builds the images of sandboxes, of every template and of the control plane, and pushes
 * them where `IMAGE_REGISTRY` names a registry. `IMAGE_TAG` is their tag. It uses the test bed's builder (which loads
 * them into its cluster), buildah or docker, whichever works here.
 */
interface Image {
  name: string
  dockerfile: string
  context: string
  args: Record<string, string>
}

interface Builder {
  name: string
  /** Command and arguments. */
  build: (tag: string, image: Image) => string[]
  /** Absent where building makes the image available already. */
  push?: (tag: string) => string[]
}

const TESTBED = join(ROOT, '..', 'shared', 'testbed')
const REGISTRY = process.env['IMAGE_REGISTRY'] ?? ''
const TAG = process.env['IMAGE_TAG'] ?? 'latest'
const BASE_DIGEST = process.env['BASE_DIGEST'] ?? ''

/** The full name of one of our images. */
function tagOf(name: string): string {
  return `${REGISTRY === '' ? '' : `${REGISTRY}/`}${name}:${TAG}`
}

async function images(): Promise<Image[]> {
  const templates = await readdir(join(ROOT, 'templates'), { withFileTypes: true })
  const base = { BASE_DIGEST }
  return [
    { name: 'devex-sandbox', dockerfile: 'runner-image/Dockerfile', context: '.', args: base },
    ...templates
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => ({
        name: `devex-template-${name}`,
        dockerfile: `templates/${name}/Dockerfile`,
        context: `templates/${name}`,
        args: { RUNNER_IMAGE: tagOf('devex-sandbox') },
      })),
    { name: 'devex-control-plane', dockerfile: 'Dockerfile', context: '.', args: base },
  ]
}

function builder(): Builder {
  const root = process.getuid?.() === 0
  if (root && existsSync(join(TESTBED, 'image'))) {
    return {
      name: 'the test bed',
      build: (tag, image) => [join(TESTBED, 'image'), tag, image.context, '-f', image.dockerfile, ...argsOf(image)],
    }
  }
  if (works('buildah', ['info'])) {
    return {
      name: 'buildah',
      build: (tag, image) => [
        'buildah',
        'build',
        '--layers',
        '-t',
        tag,
        '-f',
        image.dockerfile,
        ...argsOf(image),
        image.context,
      ],
      push: (tag) => ['buildah', 'push', tag],
    }
  }
  // A client without an engine is no help.
  if (works('docker', ['info'])) {
    return {
      name: 'docker',
      build: (tag, image) => ['docker', 'build', '-t', tag, '-f', image.dockerfile, ...argsOf(image), image.context],
      push: (tag) => ['docker', 'push', tag],
    }
  }
  throw new Error(
    'There is no way to build images here. Install buildah (apt-get install buildah), or start a docker engine.',
  )
}

function argsOf({ args }: Image): string[] {
  return Object.entries(args).flatMap(([name, value]) => ['--build-arg', `${name}=${value}`])
}

function works(command: string, args: string[]): boolean {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0
}

async function run([command = '', ...args]: string[]): Promise<void> {
  const child = spawn(command, args, { cwd: ROOT, stdio: 'inherit' })
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', resolve)
  })
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}.`)
}

const wanted = process.argv.slice(2)
const all = await images()
const unknown = wanted.filter((name) => !all.some((image) => image.name === name))
if (unknown.length > 0) {
  throw new Error(`There is no image ${unknown.join(', ')}. There are: ${all.map(({ name }) => name).join(', ')}.`)
}
const { name, build, push } = builder()
for (const image of all.filter(({ name }) => wanted.length === 0 || wanted.includes(name))) {
  const tag = tagOf(image.name)
  const started = Date.now()
  console.log(`Building ${tag} with ${name}…`)
  await run(build(tag, image))
  if (push !== undefined && REGISTRY !== '') await run(push(tag))
  console.log(`Built ${tag} in ${((Date.now() - started) / 1000).toFixed(1)} s.`)
}
