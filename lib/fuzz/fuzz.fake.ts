import { createHash } from 'node:crypto'
import { SwarmproofError } from '../error.ts'
import { NotACaptureError } from '../packet/capture-reader.ts'
import { captureTargets } from './capture-targets.fake.ts'
import { type Random, randomOf } from './mutate.fake.ts'
import { runTargets } from './run-targets.fake.ts'
import { textTargets } from './text-targets.fake.ts'

export const kinds = ['captures', 'runs', 'inventories', 'topologies', 'agent'] as const
export type Kind = (typeof kinds)[number]

/**
 * Makes an input of the random numbers, reads it as the program would, and says what came of it. What it throws beside
 * errors of input is a finding, and so is what it says about an invariant that does not hold.
 */
export interface Target {
  readonly kind: Kind
  readonly name: string
  readonly run: (random: Random) => string | Promise<string>
}

export interface Finding {
  readonly kind: Kind
  readonly name: string
  /** Makes the input again. */
  readonly seed: number
  readonly what: string
}

export interface FuzzReport {
  readonly inputs: Readonly<Record<string, number>>
  /** Of them, those that were not refused. */
  readonly taken: Readonly<Record<string, number>>
  /** One for each target and kind of error; more of the same are not kept. */
  readonly findings: readonly Finding[]
  readonly slowest: { readonly target: string; readonly seed: number; readonly cpuMs: number }
  readonly peakMib: number
}

export interface FuzzOptions {
  readonly seed: number
  readonly only?: Kind
  /** Whether to go on after so many rounds; a round makes one input for every target. */
  readonly goOn: (rounds: number) => boolean
}

/** Generous: an input has some kilobytes, and the machine may be busy. */
const mostCpuMs = 5000
const mostMib = 1500

const targets: readonly Target[] = [...captureTargets, ...runTargets, ...textTargets]

export async function fuzz({ seed, only, goOn }: FuzzOptions): Promise<FuzzReport> {
  const inputs: Record<string, number> = {}
  const taken: Record<string, number> = {}
  const findings = new Map<string, Finding>()
  let slowest = { target: '', seed, cpuMs: 0 }
  let peakMib = 0
  for (let round = 0; goOn(round); round++) {
    for (const target of targets) {
      if (only !== undefined && target.kind !== only) continue
      const name = `${target.kind}: ${target.name}`
      const at = seed + round
      const before = process.cpuUsage()
      // Every input twice now and then: it must mean the same.
      const { problem, isTaken } = await tried(target, at, round % 8 === 0)
      const { user, system } = process.cpuUsage(before)
      const cpuMs = (user + system) / 1000
      if (cpuMs > slowest.cpuMs) slowest = { target: name, seed: at, cpuMs }
      peakMib = Math.max(peakMib, process.memoryUsage.rss() / 1024 / 1024)
      inputs[name] = (inputs[name] ?? 0) + 1
      taken[name] = (taken[name] ?? 0) + (isTaken ? 1 : 0)
      const found = problem ?? limitOf(cpuMs, peakMib)
      const key = `${name} ${found?.split('\n')[0]?.slice(0, 40)}`
      if (found !== undefined && !findings.has(key)) {
        findings.set(key, { kind: target.kind, name: target.name, seed: at, what: found })
      }
    }
    // Signals get their turn.
    await new Promise((resolve) => setImmediate(resolve))
  }
  return { inputs, taken, findings: [...findings.values()], slowest, peakMib }
}

function limitOf(cpuMs: number, peakMib: number): string | undefined {
  if (cpuMs > mostCpuMs) return `took ${Math.round(cpuMs)} ms, at most ${mostCpuMs} are allowed`
  return peakMib > mostMib
    ? `the process has ${Math.round(peakMib)} MiB, at most ${mostMib} are allowed`
    : undefined
}

async function tried(target: Target, seed: number, twice: boolean): Promise<Outcome> {
  const first = await outcomeOf(target, seed)
  if (first.problem !== undefined || !twice) return first
  const again = await outcomeOf(target, seed)
  return again.digest === first.digest ? first : { isTaken: true, problem: 'the same input gave two results' }
}

interface Outcome {
  readonly isTaken: boolean
  readonly digest?: string
  readonly problem?: string
}

async function outcomeOf(target: Target, seed: number): Promise<Outcome> {
  try {
    return { isTaken: true, digest: digestOf(await target.run(randomOf(seed))) }
  } catch (error) {
    if (error instanceof SwarmproofError || error instanceof NotACaptureError) {
      return { isTaken: false, digest: digestOf(error.message) }
    }
    return { isTaken: true, problem: error instanceof Error ? (error.stack ?? error.message) : String(error) }
  }
}

const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex')
