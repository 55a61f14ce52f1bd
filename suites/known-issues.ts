import type { KnownIssue } from '../lib/conformance/test.ts'
import { otherSpiEngines } from '../lib/topology/spi-rule.ts'

export const encryptionForAdvertiseAddress: KnownIssue = {
  issue: 'moby/moby#34763',
  lab: 'separate-data-path',
  what: 'security associations are made for the advertise address of the node itself and the data-path addresses of the others, so no packet matches them and the encrypted network is sent in clear',
}

export const otherSpis: KnownIssue = {
  issue: 'moby/moby#51798',
  engines: otherSpiEngines,
  besideOthers: true,
  what: 'SPIs are derived otherwise than by the other engines of the swarm, so no encrypted packet between the two kinds finds a state',
}
