import type { KnownIssue } from '../lib/conformance/test.ts'

export const encryptionForAdvertiseAddress: KnownIssue = {
  issue: 'moby/moby#34763',
  lab: 'separate-data-path',
  what: 'security associations are made for the advertise address of the node itself and the data-path addresses of the others, so no packet matches them and the encrypted network is sent in clear',
}
