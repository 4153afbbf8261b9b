import { EnvError, processEnv } from '#server/env.ts'
import { examineAll } from '#server/doctor/doctor.ts'
import { trustToo } from '#server/trust.ts'

const USAGE = `Looks at everything that this installation needs, and says what to do about each thing that is wrong.

  npm run doctor                       with the settings of the control plane (.env, environment)
  kubectl --namespace devex exec deploy/devex -- node scripts/doctor.ts
                                       the same from within the cluster

Nothing is changed. Ends with 1 if anything is wrong.`

const MARKS = { ok: 'ok  ', failed: 'FAIL', skipped: '--  ' }

async function main(): Promise<void> {
  const env = processEnv()
  if (env.CA_FILE !== undefined) await trustToo(env.CA_FILE)
  const counts = { ok: 0, failed: 0, skipped: 0 }
  for await (const { name, finding } of examineAll(env)) {
    counts[finding.kind] += 1
    console.log(`${MARKS[finding.kind]} ${name}: ${finding.detail}`)
    if (finding.kind === 'failed') console.log(`       ${finding.advice}`)
  }
  console.log(`${counts.ok} fine, ${counts.failed} to mend, ${counts.skipped} not looked at`)
  process.exitCode = counts.failed === 0 ? 0 : 1
}

if (process.argv.includes('--help') || process.argv.includes('-h')) console.log(USAGE)
else {
  try {
    await main()
  } catch (error) {
    if (!(error instanceof EnvError)) throw error
    console.error(error.message)
    process.exitCode = 1
  }
}
