import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { packageRoot } from './package-root.ts'

/** The workflows and the action of this repository, as the tests read them. */
export interface WorkflowStep {
  readonly name?: string
  readonly id?: string
  readonly if?: string
  readonly uses?: string
  readonly run?: string
  readonly shell?: string
  readonly env?: Readonly<Record<string, string | number>>
  readonly with?: Readonly<Record<string, string | number | boolean>>
}

export interface Job {
  readonly permissions?: Readonly<Record<string, string>>
  readonly 'timeout-minutes'?: number
  readonly concurrency?: unknown
  readonly env?: Readonly<Record<string, string | number>>
  readonly strategy?: { readonly matrix: Readonly<Record<string, readonly unknown[]>> }
  readonly steps: readonly WorkflowStep[]
}

export interface Workflow {
  readonly permissions?: unknown
  readonly concurrency?: unknown
  readonly defaults?: { readonly run?: { readonly shell?: string } }
  readonly jobs: Readonly<Record<string, Job>>
}

export interface Action {
  readonly inputs: Readonly<Record<string, { readonly default: string }>>
  readonly outputs: Readonly<Record<string, { readonly value: string }>>
  readonly runs: { readonly steps: readonly WorkflowStep[] }
}

const root = packageRoot()
const folder = '.github/workflows'

export const workflowFiles: readonly string[] = readdirSync(join(root, folder)).map(
  (name) => `${folder}/${name}`,
)
export const actionFile = 'action.yml'

export const textOf = (file: string): string => readFileSync(join(root, file), 'utf8')
export const workflow = (file: string): Workflow => parse(textOf(file)) as Workflow
export const action = (): Action => parse(textOf(actionFile)) as Action

/** Every step of every file, with where it stands. */
export function allSteps(): { readonly where: string; readonly step: WorkflowStep }[] {
  const named = (file: string, steps: readonly WorkflowStep[]): ReturnType<typeof allSteps> =>
    steps.map((step, index) => ({
      where: `${file}: ${step.name ?? step.run ?? step.uses ?? String(index)}`,
      step,
    }))
  return [
    ...workflowFiles.flatMap((file) =>
      Object.entries(workflow(file).jobs).flatMap(([id, job]) => named(`${file}, ${id}`, job.steps)),
    ),
    ...named(actionFile, action().runs.steps),
  ]
}

export function stepNamed(steps: readonly WorkflowStep[], name: string): WorkflowStep {
  const found = steps.find((step) => step.name === name)
  if (found === undefined) throw new Error(`no step '${name}'`)
  return found
}
