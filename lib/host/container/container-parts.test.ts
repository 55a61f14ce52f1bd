import { expect } from 'chai'
import { suites } from '../../../suites/index.ts'
import { InputError } from '../../error.ts'
import type { Topology } from '../../topology/topology.ts'
import { dockerfile } from './complete-image.ts'
import { interfacesByAddress } from './connect-hosts.ts'
import { standardImage } from './engine-image.ts'
import { engineWords } from './engine-words.ts'
import { aboutLabels, labels, readAbout, recordOf } from './lab-labels.ts'
import type { AboutLab } from './lab-labels.ts'
import { refuseImpossibleForContainers } from './refuse-impossible.ts'
import { weakerRequirements } from './shared-kernel.ts'
import { gatewayOf } from './underlay-networks.ts'

const underlay = { name: 'underlay', subnet: '192.168.56.0/29', mtuBytes: 1500 }

function topologyOf(...last: readonly number[]): Topology {
  return {
    name: 'made-up',
    description: '',
    nodes: last.map((one, index) => ({
      ...{ name: `n${index}`, role: 'manager' as const, memoryMib: 512, cpus: 1 },
      addresses: { underlay: `192.168.56.${one}` },
    })),
    underlays: [underlay],
    swarm: { advertise: 'underlay', dataPath: 'underlay', dataPathPort: 4789 },
    stack: {
      clear: { subnet: '10.91.1.0/24', gateway: '10.91.1.254' },
      secret: { subnet: '10.91.2.0/24', gateway: '10.91.2.254' },
      publishedPort: 8080,
    },
  }
}

describe('the bridge of an underlay', () => {
  it('has the last address that no node has', () => {
    expect(gatewayOf(underlay, topologyOf(1, 2))).to.equal('192.168.56.6')
    expect(gatewayOf(underlay, topologyOf(6, 5))).to.equal('192.168.56.4')
  })

  it('needs one that is left', () => {
    expect(() => gatewayOf(underlay, topologyOf(1, 2, 3, 4, 5, 6))).to.throw('has no address left')
  })
})

describe('the interfaces of a host', () => {
  it('are known by their addresses, as iproute2 and busybox print them', () => {
    const iproute =
      '1: lo    inet 127.0.0.1/8 scope host lo\\       valid_lft forever\n25: eth1@if26    inet 192.168.57.11/24 brd 192.168.57.255 scope global eth1\n'
    const busybox =
      '1: lo    inet 127.0.0.1/8 scope host lo\n7: eth0@if8    inet 192.168.56.11/24 scope global eth0\n'
    expect(interfacesByAddress(iproute).get('192.168.57.11')).to.equal('eth1')
    expect(interfacesByAddress(busybox).get('192.168.56.11')).to.equal('eth0')
    expect(interfacesByAddress('garbage\n').size).to.equal(0)
  })
})

describe('the labels of a lab', () => {
  const about: AboutLab = {
    ...{ format: 1, id: 'made-up-1a2b', createdAt: '2026-01-01T00:00:00Z', machine: 'here' },
    owner: { pid: 7, started: 'boot:1' },
    topology: topologyOf(1, 2),
  }
  const state = (kept: boolean, here: string, lives: boolean): string =>
    recordOf(about, kept, here, () => lives).state

  it('come back as what they were made from', () => {
    expect(readAbout(aboutLabels(about))).to.deep.equal(about)
    expect(aboutLabels(about)).to.include(labels('made-up-1a2b', 'lab'))
  })

  it('of another version, of somebody else or of nothing are not understood', () => {
    expect(readAbout(aboutLabels({ ...about, format: 2 }))).to.equal(undefined)
    expect(readAbout({ ...aboutLabels(about), swarmproof: 'another' })).to.equal(undefined)
    expect(readAbout({ swarmproof: 'run-1' })).to.equal(undefined)
    expect(readAbout(null)).to.equal(undefined)
  })

  it('tell whose it is: an owner on another machine cannot be looked at and counts as alive', () => {
    expect(state(true, 'here', false)).to.equal('kept')
    expect(state(false, 'here', true)).to.equal('owned')
    expect(state(false, 'here', false)).to.equal('orphaned')
    expect(state(false, 'elsewhere', false)).to.equal('owned')
  })
})

describe('hosts that are containers', () => {
  it('cannot have systemd, and say which node asks for it', () => {
    const topology = topologyOf(1, 2)
    expect(() => refuseImpossibleForContainers(topology)).not.to.throw()
    const [first, second] = topology.nodes
    if (first === undefined || second === undefined) throw new RangeError('two nodes')
    const mixed = {
      ...topology,
      nodes: [
        { ...first, init: 'script' as const },
        { ...second, init: 'systemd' as const },
      ],
    }
    expect(() => refuseImpossibleForContainers(mixed))
      .to.throw(InputError, /systemd[\s\S]*--hosts vm/)
      .with.nested.property('detail.host', 'n1')
  })
})

describe('the image of hosts', () => {
  it('is docker’s own of the engine that is wanted', () => {
    expect(standardImage(undefined)).to.equal('docker:dind')
    expect(standardImage('28.5')).to.equal('docker:28.5-dind')
  })

  it('is completed by a Dockerfile whose every line is an instruction', () => {
    const lines = dockerfile('docker:dind').trimEnd().split('\n')
    expect(lines.every((line) => /^(FROM|RUN|COPY|LABEL) /.test(line))).to.equal(true)
    expect(lines).to.include('FROM docker:dind').and.to.include('LABEL swarmproof.part=image')
    for (const line of lines.filter((one) => one.startsWith('RUN '))) {
      expect(JSON.parse(line.slice(4))).to.have.lengthOf(3)
    }
  })
})

describe('words of an engine', () => {
  it('are told without the chain of programs that passed them on', () => {
    const words =
      '(HTTP code 400) unexpected - failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: unable to apply caps: operation not permitted: unknown '
    expect(engineWords(new Error(words))).to.equal('unable to apply caps: operation not permitted')
    expect(engineWords('privileged mode is not allowed')).to.equal('privileged mode is not allowed')
  })
})

describe('what a shared kernel weakens', () => {
  it('are requirements there are, each named once', () => {
    const ids = weakerRequirements.flatMap((weaker) => weaker.ids)
    expect(suites.flatMap(({ tests }) => tests.map(({ id }) => id))).to.include.members(ids)
    expect(new Set(ids).size).to.equal(ids.length)
  })
})
