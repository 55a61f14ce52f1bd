import { expect } from 'chai'
import type { RunRecord } from '../conformance/run-record.ts'
import type { Evidence, Outcome } from '../conformance/verdict.ts'
import { exampleRuns, judge, nonConformantRun } from '../report/fixtures/example-runs.fake.ts'
import { diagnose } from './diagnosis.ts'

type Row = readonly [id: string, outcome: Outcome, reason: string, data?: unknown]

/** An example run in which everything passed but the given rows. */
function run(...rows: readonly Row[]): RunRecord {
  const record = nonConformantRun()
  for (const { id } of record.requirements) judge(record, id, 'pass', 'As required.', [])
  for (const [id, outcome, reason, data] of rows) {
    const evidence: Evidence[] = data === undefined ? [] : [{ kind: 'observation', name: 'state', data }]
    judge(record, id, outcome, reason, evidence)
  }
  return record
}

const titles = (record: RunRecord): string[] => diagnose(record).map(({ title }) => title)

interface Case {
  readonly rule: string
  readonly title: RegExp
  /** Patterns on which it fires, with the requirements and hosts it must name. */
  readonly fires: readonly { rows: readonly Row[]; explains: readonly string[]; hosts?: readonly string[] }[]
  readonly silent: readonly (readonly Row[])[]
}

const noEngine = (host: string): string =>
  `docker refused: docker network inspect (on ${host})\n  expected: exit 0\n  observed: exit 1: Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?`

const cases: readonly Case[] = [
  {
    rule: 'engine does not answer',
    title: /^The engine of worker1 does not answer$/,
    fires: [
      {
        rows: [
          ['CTL-10', 'inconclusive', noEngine('worker1')],
          ['CTL-02', 'fail', '- manager → worker1 (192.0.2.12:7946): refused (ECONNREFUSED)'],
          ['MTU-02', 'fail', 'manager → worker2: 1450 bytes lost'],
        ],
        explains: ['CTL-02', 'CTL-10'],
        hosts: ['worker1'],
      },
    ],
    silent: [
      [['CTL-02', 'fail', '- manager → worker1 (192.0.2.12:7946): refused (ECONNREFUSED)']],
      [['CTL-10', 'pass', noEngine('worker1')]],
      [['CTL-10', 'inconclusive', noEngine('somewhere')]],
    ],
  },
  {
    rule: 'kernel without ip_vs',
    title: /no `ip_vs`/,
    fires: [
      {
        rows: [
          ['LB-02', 'fail', 'worker1: no IPVS service in lb_ab12cd34e; the kernel lacks ip_vs.'],
          ['ING-01', 'fail', 'Port 8080 did not answer on any node.'],
        ],
        explains: ['LB-02', 'ING-01'],
        hosts: ['worker1'],
      },
      {
        rows: [
          [
            'ING-05',
            'fail',
            'There is no IPVS service on any node.',
            {
              manager: { kernelModules: { ip_vs: false, esp4: true } },
              worker2: { kernelModules: { ip_vs: false } },
            },
          ],
        ],
        explains: ['ING-05'],
        hosts: ['manager', 'worker2'],
      },
      {
        rows: [['DSC-04', 'inconclusive', 'ip_vs is not loaded.', [{ host: 'worker2', ip_vs: false }]]],
        explains: ['DSC-04'],
        hosts: ['worker2'],
      },
    ],
    silent: [
      [['LB-02', 'fail', 'worker1: destinations 10.40.0.5 missing, ip_vs is loaded']],
      [['LB-02', 'pass', 'As required.', { kernelModules: { ip_vs: false } }]],
      [['ENC-03', 'fail', 'x', { worker1: { ip_vs: false } }]],
      [['ING-05', 'fail', 'No chain.', { worker1: { kernelModules: { ip_vs: true } } }]],
    ],
  },
  {
    rule: 'kernel without esp4',
    title: /no `esp4`/,
    fires: [
      {
        rows: [
          [
            'ENC-03',
            'fail',
            'worker2 holds 0 of 8 states.',
            [{ host: 'worker2', kernelModules: { esp4: false } }],
          ],
          ['CTL-07', 'fail', 'No ESP left manager.'],
        ],
        explains: ['CTL-07', 'ENC-03'],
        hosts: ['worker2'],
      },
      { rows: [['ENC-01', 'inconclusive', 'esp4 is missing.']], explains: ['ENC-01'] },
      {
        rows: [['ENC-03', 'skip', 'needs esp: the kernel of manager, worker1 has no module esp4']],
        explains: ['ENC-03'],
        hosts: ['manager', 'worker1'],
      },
    ],
    silent: [
      [['ENC-03', 'fail', 'worker2 holds 6 of 8 states.', { worker2: { esp4: true } }]],
      [['CTL-07', 'fail', 'manager → worker1: ESP left, none arrived.']],
    ],
  },
  {
    rule: 'data-path port blocked',
    title: /UDP 4789 \(VXLAN\) is blocked/,
    fires: [
      {
        rows: [
          [
            'CTL-04',
            'fail',
            'worker1 → worker2: 3 frames left, none arrived within 2 s; manager → worker1 carried all frames.',
          ],
          ['OVL-03', 'fail', 'worker1 → worker2: no answer.'],
          ['VXL-02', 'inconclusive', 'The capture was blind.'],
        ],
        explains: ['CTL-04', 'OVL-03'],
        hosts: ['worker1 → worker2'],
      },
      {
        rows: [['CTL-04', 'fail', 'No frame arrived between manager and worker2.']],
        explains: ['CTL-04'],
        hosts: ['manager → worker2', 'worker2 → manager'],
      },
      { rows: [['CTL-04', 'fail', 'No frame arrived anywhere.']], explains: ['CTL-04'] },
      {
        rows: [
          [
            'CTL-04',
            'fail',
            'the data-path port carries VXLAN, but:\n- manager → worker1: 3 frames left manager, none arrived at worker1\n- worker1 → manager: no frame ever left worker1',
          ],
        ],
        explains: ['CTL-04'],
        hosts: ['manager → worker1'],
      },
    ],
    silent: [
      [
        ['CTL-04', 'fail', 'worker1 → worker2: none arrived.'],
        ['CTL-03', 'fail', 'worker1 → worker2: no gossip either.'],
      ],
      [
        ['CTL-04', 'fail', 'worker1 → worker2: none arrived.'],
        ['CTL-03', 'inconclusive', 'blind'],
      ],
      [['CTL-04', 'inconclusive', 'The capture was blind.']],
      [['CTL-04', 'fail', 'VXLAN arrives, but:\n- worker1 → worker2: no frame ever left worker1']],
    ],
  },
  {
    rule: 'ESP blocked',
    title: /drops ESP/,
    fires: [
      {
        rows: [
          ['CTL-07', 'fail', 'manager to worker1: 4 ESP packets left eth1, none arrived.'],
          ['ENC-04', 'fail', 'No ESP seen.'],
        ],
        explains: ['CTL-07', 'ENC-04'],
        hosts: ['manager → worker1'],
      },
    ],
    silent: [
      [
        ['CTL-07', 'fail', 'manager → worker1: none arrived.'],
        ['CTL-04', 'fail', 'manager → worker1: none arrived.'],
      ],
      [
        ['CTL-07', 'fail', 'No ESP left manager.'],
        ['ENC-03', 'fail', 'No states.', { manager: { esp4: false } }],
      ],
    ],
  },
  {
    rule: 'gossip UDP blocked',
    title: /7946\/udp/,
    fires: [
      {
        rows: [['CTL-03', 'fail', 'worker2 -> manager: 5 datagrams left, none arrived.']],
        explains: ['CTL-03'],
        hosts: ['worker2 → manager'],
      },
    ],
    silent: [
      [
        ['CTL-03', 'fail', 'worker2 -> manager: none arrived.'],
        ['CTL-02', 'fail', 'worker2 -> manager: refused.'],
      ],
    ],
  },
  {
    rule: 'underlay MTU too small',
    title: /underlay carries less/,
    fires: [
      {
        rows: [
          ['MTU-02', 'fail', 'worker1 → manager: 1450 bytes were lost silently.'],
          ['MTU-03', 'fail', 'worker1 → manager: the transfer stopped, 0 of 1048576 bytes.'],
        ],
        explains: ['MTU-02', 'MTU-03'],
        hosts: ['worker1 → manager'],
      },
      {
        rows: [['MTU-01', 'fail', 'clear on worker1 is 1450, the underlay carries 1400.']],
        explains: ['MTU-01'],
      },
    ],
    silent: [
      [['MTU-01', 'fail', 'secret is 1450, expected 1424.']],
      [
        ['MTU-02', 'fail', 'worker1 → manager: lost.'],
        ['OVL-03', 'fail', 'worker1 → manager: no answer to small packets either.'],
      ],
    ],
  },
  {
    rule: 'IPVS differs by node',
    title: /IPVS on worker2 does not list/,
    fires: [
      {
        rows: [
          ['LB-02', 'fail', 'worker2: destination 10.40.0.9 is of no running task, 10.40.0.7 is missing.'],
          ['LB-01', 'fail', 'From worker2 a third of the connections timed out.'],
        ],
        explains: ['LB-01', 'LB-02'],
        hosts: ['worker2'],
      },
    ],
    silent: [
      [['LB-02', 'fail', 'No IPVS destinations on manager, worker1 and worker2.']],
      [['ING-05', 'fail', 'worker2: no rule in DOCKER-INGRESS.']],
      [['LB-02', 'fail', 'worker2: no IPVS destination, the kernel lacks ip_vs']],
    ],
  },
  {
    rule: 'stale forwarding',
    title: /stale or missing/,
    fires: [
      {
        rows: [['VXL-06', 'fail', 'worker1: 02:42:0a:28:00:07 is missing; expected VTEP 192.0.2.13.']],
        explains: ['VXL-06'],
        hosts: ['worker1'],
      },
      {
        rows: [
          [
            'VXL-06',
            'fail',
            'every node knows the way, but:\n- example-clear on worker2: no forwarding entry for web.1@worker1 (02:42:0a:28:00:05)\n- example-clear on worker2: forwarding entry of rr.1@manager (02:42:0a:28:00:06) leads to 192.0.2.99, expected 192.0.2.11',
          ],
        ],
        explains: ['VXL-06'],
        hosts: ['worker2'],
      },
    ],
    silent: [
      [['VXL-06', 'fail', 'There is no namespace on worker1.']],
      [['VXL-06', 'inconclusive', 'worker1: state is missing, the read failed.']],
      [['VXL-01', 'fail', 'stale']],
    ],
  },
  {
    rule: 'clear text leak',
    title: /leaves in clear text/,
    fires: [
      {
        rows: [
          ['ENC-01', 'fail', 'manager → worker1: 6 frames with VXLAN of VNI 4098 in clear, no ESP.'],
          ['ENC-07', 'fail', 'No mark rule on manager.'],
        ],
        explains: ['ENC-01', 'ENC-07'],
        hosts: ['manager → worker1'],
      },
      {
        rows: [
          [
            'ENC-01',
            'fail',
            'only ESP leaves the nodes for the encrypted network, but:\n- VXLAN with VNI 4098 left worker1 for 192.0.2.13 in clear\n- known payload was readable on the wire of worker1\n- no ESP left worker1 for worker2',
          ],
        ],
        explains: ['ENC-01'],
        hosts: ['worker1'],
      },
      {
        rows: [['ENC-01', 'fail', 'The nonce is readable in 2 packets that left worker2; none may be.']],
        explains: ['ENC-01'],
        hosts: ['worker2'],
      },
    ],
    silent: [
      [['ENC-01', 'fail', 'No ESP between manager and worker1 within 5 s.']],
      [['ENC-01', 'fail', 'only ESP leaves the nodes, but:\n- no ESP left manager for worker1']],
      [['ENC-01', 'inconclusive', 'The capture saw clear packets of the twin only; it was blind.']],
    ],
  },
]

describe('diagnosis', () => {
  for (const { rule, title, fires, silent } of cases) {
    describe(rule, () => {
      for (const [index, { rows, explains, hosts }] of fires.entries()) {
        it(`fires on pattern ${index + 1}`, () => {
          const found = diagnose(run(...rows)).filter((finding) => title.test(finding.title))
          expect(found, titles(run(...rows)).join()).to.have.lengthOf(1)
          expect(found[0]?.requirements).to.have.members(explains)
          expect(found[0]?.hosts).to.deep.equal(hosts)
          expect(found[0]?.remedy).not.to.be.empty
        })
      }
      for (const [index, rows] of silent.entries()) {
        it(`is silent on pattern ${index + 1}`, () => {
          expect(titles(run(...rows)).filter((each) => title.test(each))).to.deep.equal([])
        })
      }
    })
  }

  it('finds nothing where nothing failed or nothing was reached', () => {
    for (const name of ['conformant', 'interrupted', 'harness-failed']) {
      expect(titles(exampleRuns[name]?.() ?? run()), name).to.deep.equal([])
    }
  })

  it('explains no requirement that passed', () => {
    for (const { fires } of cases) {
      for (const { rows } of fires) {
        const record = run(...rows)
        for (const id of diagnose(record).flatMap((finding) => finding.requirements)) {
          expect(record.requirements.find((each) => each.id === id)?.verdict?.outcome).not.to.equal('pass')
        }
      }
    }
  })
})

describe('encryption for the wrong address', () => {
  const reason = 'worker1: the outbound policy to manager is for source 192.0.2.12/32, expected 198.51.100.12'
  const separate = (record: RunRecord): RunRecord => ({
    ...record,
    labs: record.labs.map((lab) => ({
      ...lab,
      topology: {
        ...lab.topology,
        swarm: { ...lab.topology.swarm, advertise: 'control', dataPath: 'data' },
      },
    })),
  })

  const withOnly = (id: string, why: string): RunRecord => {
    const record = separate(run())
    const verdict = { outcome: 'fail' as const, reason: why, evidence: [] }
    return {
      ...record,
      requirements: record.requirements.slice(0, 1).map((one) => ({ ...one, id, verdict })),
    }
  }

  it('is found where the data path is apart, instead of a leak without a cause', () => {
    const rows: Row[] = [
      ['ENC-01', 'fail', '- VXLAN with VNI 4098 left worker1 for 198.51.100.11 in clear'],
      ['ENC-03', 'fail', reason],
    ]
    const [found, ...others] = diagnose(separate(run(...rows)))
    expect(found?.title).to.match(/^Encryption is made for the advertise address/)
    expect(found?.requirements).to.include.members(['ENC-01', 'ENC-03'])
    expect(found?.knownIssues).to.deep.equal(['moby/moby#34763'])
    expect(others.map(({ title }) => title)).to.not.include(
      'Traffic of an encrypted overlay leaves in clear text',
    )
  })

  it('is not found where there is one address, or for another flaw of the ledger', () => {
    expect(titles(run(['ENC-03', 'fail', reason])).join()).to.not.include('advertise address')
    const other = separate(run(['ENC-03', 'fail', 'worker1: 2 inbound states from manager, expected 3']))
    expect(titles(other).join()).to.not.include('advertise address')
    expect(titles(withOnly('CTL-09', 'gossip of worker1 left on eth2'))).to.deep.equal([])
    expect(titles(withOnly('CTL-09', 'no ESP left worker1 for manager on eth2'))).to.have.lengthOf(1)
  })
})

describe('engines with other SPIs', () => {
  const reason = 'worker2: sends to manager with SPI 0x1f279ba7, which manager has no inbound state for'
  const withEngines = (record: RunRecord, versions: readonly string[]): RunRecord => ({
    ...record,
    labs: record.labs.map((lab) => ({
      ...lab,
      nodes: lab.nodes.map((node, index) => ({ ...node, engineVersion: versions[index] ?? '28.5.2' })),
    })),
  })

  it('are found where the ledger does not meet between the two kinds', () => {
    const rows: Row[] = [
      ['ENC-03', 'fail', reason],
      ['OVL-03', 'fail', 'worker2 → manager: no answer'],
    ]
    const [found] = diagnose(withEngines(run(...rows), ['28.5.2', '28.5.2', '29.1.3']))
    expect(found?.title).to.equal('Encrypted overlays carry nothing between engine 29.1.3 and 28.5.2')
    expect(found?.requirements).to.deep.equal(['ENC-03', 'OVL-03'])
    expect(found?.hosts).to.include.members(['worker2', 'manager'])
  })

  it('are not found among engines of one kind, or where the ledger has another flaw', () => {
    const seen = (text: string, ...versions: string[]): string =>
      titles(withEngines(run(['ENC-03', 'fail', text]), versions)).join()
    expect(seen(reason, '28.5.2', '28.5.2', '20.10.24')).to.not.include('carry nothing between engine')
    expect(seen('worker1: 2 inbound states from manager, expected 3', '28.5.2', '29.1.3')).to.not.include(
      'carry nothing between engine',
    )
  })
})
