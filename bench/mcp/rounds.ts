import { percentile } from '../statistics.ts'
import type { Contender, Role } from './contender.ts'

const WARM_UP = 5
const NAME_WIDTH = 56

/** Milliseconds, or calls a second. */
interface Target {
  p50?: number
  p99?: number
  rate?: number
}

/** One thing that is measured: how many samples a round takes of it. */
export interface Line {
  name: string
  samples: number
  /** `undefined`: this contender cannot. */
  act: (contender: Contender) => (() => Promise<unknown>) | undefined
  /** So many at once; then the rate is what counts. */
  atOnce?: number
  targets?: Partial<Record<Role, Target>>
  /** What the floor took (or did a second) when the targets were set: on another machine their ratios count. */
  floorThen?: number
}

interface Floor {
  called: string
  p50: number
}

/** Measures a line on everybody in turns, several rounds, and prints a table: beside the floors. */
export async function measure(line: Line, contenders: readonly Contender[], rounds: number): Promise<void> {
  const taken = new Map<string, number[]>()
  const failures = new Map<string, string>()
  for (let round = 0; round < rounds; round++) {
    for (const contender of contenders) {
      const act = line.act(contender)
      if (act === undefined || failures.has(contender.name)) continue
      try {
        const samples = await sample(act, line)
        taken.set(contender.name, [...(taken.get(contender.name) ?? []), ...samples])
      } catch (error) {
        failures.set(contender.name, String(error).slice(0, 120))
      }
    }
  }
  console.log(`\n${line.name}`)
  const floors = contenders.flatMap(({ name, role, called = 'the floor' }) => {
    const samples = role === 'floor' ? taken.get(name) : undefined
    return samples === undefined ? [] : [{ called, p50: percentile(samples, 0.5) }]
  })
  for (const { name, role } of contenders) {
    const samples = taken.get(name)
    if (samples === undefined) continue
    console.log(`  ${described(name, samples, { line, floors })}${targetOf(line, role)}`)
  }
  for (const [name, why] of failures) console.log(`  ${name.padEnd(NAME_WIDTH)} FAILED: ${why}`)
}

function described(name: string, samples: number[], { line, floors }: { line: Line; floors: Floor[] }) {
  const p50 = percentile(samples, 0.5)
  const ratio = floors.map((floor) => `   ${(p50 / floor.p50).toFixed(2)}× ${floor.called}`).join('')
  if (line.atOnce !== undefined) return `${name.padEnd(NAME_WIDTH)} ${p50.toFixed(0).padStart(6)}/s${ratio}`
  const [low, high] = [p50, percentile(samples, 0.99)].map((ms) => `${ms.toFixed(2).padStart(8)} ms`)
  return `${name.padEnd(NAME_WIDTH)} n=${String(samples.length).padStart(3)}   p50 ${low}   p99 ${high}${ratio}`
}

function targetOf({ targets, floorThen }: Line, role: Role): string {
  const { p50, p99, rate } = targets?.[role] ?? {}
  const wanted = [
    ...(p50 === undefined ? [] : [`p50 ${p50} ms`]),
    ...(p99 === undefined ? [] : [`p99 ${p99} ms`]),
    ...(rate === undefined ? [] : [`${rate}/s`]),
  ]
  if (wanted.length === 0) return ''
  const ratio = floorThen === undefined ? '' : ` = ${((p50 ?? rate ?? 0) / floorThen).toFixed(2)}×`
  return `   target ${wanted.join(', ')}${ratio}`
}

/** Milliseconds of each; with `atOnce`, one figure: calls a second. */
async function sample(act: () => Promise<unknown>, { samples, atOnce }: Line): Promise<number[]> {
  for (let turn = 0; turn < Math.min(WARM_UP, samples); turn++) await act()
  if (atOnce !== undefined) return [await rateOf(act, samples, atOnce)]
  const taken: number[] = []
  for (let turn = 0; turn < samples; turn++) {
    const started = performance.now()
    const own = await act()
    taken.push(typeof own === 'number' ? own : performance.now() - started)
  }
  return taken
}

async function rateOf(act: () => Promise<unknown>, samples: number, atOnce: number): Promise<number> {
  let left = samples
  const started = performance.now()
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      while (left-- > 0) await act()
    }),
  )
  return samples / ((performance.now() - started) / 1000)
}
