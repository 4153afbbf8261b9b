import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { ROOT } from './root.ts'

/** The sidecar's and the runner's common gRPC code, made from `runner.proto`. */
export const PROTOCOL_CODE = 'runner-image/wire/gen/runner.ts'

const OPTIONS = [
  'outputServices=generic-definitions',
  'oneof=unions-value',
  'enumsAsLiterals=true',
  'removeEnumPrefix=true',
  'unrecognizedEnum=false',
  'forceLong=number',
  'importSuffix=.ts',
  'esModuleInterop=true',
  'env=node',
  'useDate=false',
  'outputJsonMethods=false',
  'outputPartialMethods=false',
  'useExactTypes=false',
  'annotateFilesWithVersion=false',
]

/** The code that `runner.proto` says, made by buf and ts-proto. */
export async function protocolCode(): Promise<string> {
  const out = await mkdtemp(join(tmpdir(), 'devex-gen-'))
  const plugin = [process.execPath, join(ROOT, 'node_modules/ts-proto/protoc-gen-ts_proto')]
  const template = { version: 'v2', plugins: [{ local: plugin, out, opt: OPTIONS }] }
  try {
    await promisify(execFile)(
      process.execPath,
      [
        join(ROOT, 'node_modules/@bufbuild/buf/bin/buf'),
        'generate',
        'runner-image/protocol/runner.proto',
        '--template',
        JSON.stringify(template),
      ],
      { cwd: ROOT },
    )
    return await readFile(join(out, 'runner.ts'), 'utf8')
  } finally {
    await rm(out, { recursive: true, force: true })
  }
}
