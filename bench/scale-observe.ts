import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Scene } from '../lib/conformance/context.ts'
import { Observations } from '../lib/conformance/observations.ts'
import type { RunRecord } from '../lib/conformance/run-record.ts'
import { RunStore } from '../lib/conformance/run-store.ts'
import type { ConformanceTest } from '../lib/conformance/test.ts'
import type { ClusterFacts } from '../lib/observation/facts.ts'
import { suites } from '../suites/index.ts'
import { control, type ControlSeen } from '../suites/scene/recordings/control.ts'
import { exchange, type Exchange } from '../suites/scene/recordings/exchange.ts'
import { mesh } from '../suites/scene/recordings/mesh.ts'
import { publishing } from '../suites/scene/recordings/publishing.ts'
import { storedFiles } from '../suites/stored/stored-run.ts'
import { multipliedFacts } from './multiplied-facts.ts'
import { controlWires, exchangeWires } from './multiplied-wires.ts'
import { simulatedLab } from './simulated-lab.ts'

const [nodes = '', state = '', folder = ''] = process.argv.slice(2)
const files = storedFiles('standard-conformant')
const stored = (name: string): unknown => JSON.parse(files[name] ?? 'null')
const seenOf = <T>(name: string): T => (stored(`observations/${name}#0.json`) as { seen: T }).seen

const recorded = stored('observations/facts#0.json') as ClusterFacts
const facts = multipliedFacts(recorded, Number(nodes), 4242)
/** By the state of the run, which nodes exchange nothing by the data path. */
const cutOffs: Readonly<Record<string, (name: string, index: number) => boolean>> = {
  'cut-off': (_, index) => index === facts.nodes.length - 2,
  'half-cut-off': (_, index) => index % 2 === 1,
  'all-cut-off': () => true,
}
const cutOff = new Set(facts.nodes.map(({ name }) => name).filter(cutOffs[state] ?? (() => false)))
const { lab, sent } = simulatedLab(facts, cutOff)
const many = { recorded, facts, cutOff }

const withWires: Readonly<Record<string, (seen: object) => object>> = {
  [exchange.key]: (seen) => ({ ...seen, wires: exchangeWires(many, seenOf<Exchange>('exchange').wires) }),
  [control.key]: (seen) => ({
    ...{ ...seen, waitedMs: 3000, streams: [], clearDatagrams: [] },
    wires: controlWires(many, seenOf<ControlSeen>('control').wires),
  }),
}

const run = stored('run.json') as RunRecord
const scenes: readonly Scene<unknown>[] = [exchange, control, mesh, publishing]
/** Those that a run of three nodes observed by these scenes alone. */
const rests = ({ id }: ConformanceTest): boolean => {
  const read = [...(files[`observations/${id}#0.json`] ?? '').matchAll(/"\$scene": ?"([\w-]+)#0"/g)]
  return read.length > 0 && read.every(([, key]) => scenes.some((scene) => scene.key === key))
}
const tests = suites.flatMap((suite) => suite.tests).filter(rests)

const lab0 = run.labs[0]
if (lab0 === undefined) throw new Error('no lab')
const { pairs } = facts
const record: RunRecord = {
  ...{ ...run, runId: `${nodes}-${state}`, state: 'finished', findings: [], failures: [] },
  labs: [
    {
      ...{ ...lab0, topology: { ...facts.topology, description: `${nodes} nodes` } },
      ...(pairs === undefined ? {} : { pairs: { seed: pairs.seed, taken: pairs.taken, of: pairs.of } }),
      nodes: facts.nodes.map(({ name, role, engineVersion, kernelRelease, advertise, dataPath }) => ({
        ...{ name, role, engineVersion, kernelRelease },
        ...{ advertiseAddress: advertise.address, dataPathAddress: dataPath.address },
      })),
    },
  ],
  requirements: run.requirements
    .filter(({ id }) => tests.some((test) => test.id === id))
    .map((requirement) => ({
      ...requirement,
      attempts: (requirement.attempts ?? []).map((attempt) => ({ ...attempt, problems: [] })),
    })),
}
const store = new RunStore(join(folder, '..'), record)
const observations = new Observations(store, '')
observations.next()
observations.keepFacts(facts)
for (const { key, record: make } of scenes) {
  const seen = (await make(lab)) as object
  observations.keepScene(key, 0, { seen: (withWires[key] ?? ((plain: object) => plain))(seen) })
}
for (const { id } of tests) {
  const own = stored(`observations/${id}#0.json`) as { seen: Record<string, unknown> }
  const seen = id === 'CTL-03' ? { control: own.seen.control, logs: {} } : own.seen
  store.writeJson(`observations/${id}#0.json`, { ...own, seen })
}
writeFileSync(join(folder, 'probes'), String(sent()))
store.save()
