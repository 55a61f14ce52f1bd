import { groupTitles } from '../../lib/conformance/group-titles.ts'
import type { Suite } from '../../lib/conformance/suite.ts'
import { drain } from './res-01-drain.ts'
import { partition } from './res-02-partition.ts'
import { restart } from './res-03-restart.ts'
import { rollingUpdate } from './res-04-rolling-update.ts'
import { firewallReload } from './res-05-firewall-reload.ts'

export const resilience: Suite = {
  group: 'RES',
  title: groupTitles.RES,
  tests: [drain, partition, restart, rollingUpdate, firewallReload],
}
