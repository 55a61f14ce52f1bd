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

export const namesLostAfterCut: KnownIssue = {
  issue: 'moby/moby#53141',
  engines: [{ since: '29.0', until: '29.8' }],
  what: 'names of services with tasks on a node that was cut off for 10 to 30 s stay unknown on the others until `docker service update --force` or a restart of the engine (fixed by moby/moby#53142)',
}

export const namesMissingIn282: KnownIssue = {
  issue: 'moby/moby#50129',
  engines: [{ since: '28.2', until: '28.3' }],
  what: 'some services are not found by name, and stale endpoints stay (the change was taken back in 28.3.0)',
}

export const encryptionBrokenIn291: KnownIssue = {
  issue: 'moby/moby#51672',
  engines: [{ since: '29.1', until: '29.2' }],
  what: 'tasks on other nodes were reported to be unreachable by an encrypted network that worked with 28, on Debian 13',
}

export const staleForwardingEntries: KnownIssue = {
  issue: 'moby/moby#52661',
  engines: [{ since: '29.1' }],
  what: 'forwarding entries of tasks that moved stay, or are half removed, so that packets to a healthy task are lost (open; reported of 29.1.3, 29.5.0 and 29.5.2)',
}

export const hairpinBrokenIn298: KnownIssue = {
  issue: 'moby/moby#53713',
  engines: [{ since: '29.8' }],
  what: 'a task cannot connect to a published port at the address of its own node, by which services call themselves by their public name (worked in 29.7.2; open)',
}
