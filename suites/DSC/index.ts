import { groupTitles } from '../../lib/conformance/group-titles.ts'
import type { Suite } from '../../lib/conformance/suite.ts'
import { oneVip } from './dsc-01-one-vip.ts'
import { tasksName } from './dsc-02-tasks-name.ts'
import { dnsRoundRobin } from './dsc-03-dnsrr.ts'
import { vipAnswers } from './dsc-04-vip-answers.ts'
import { notElsewhere } from './dsc-05-not-elsewhere.ts'
import { inheritsResolver } from './dsc-06-inherits-resolver.ts'
import { modeChanged } from './dsc-07-mode-changed.ts'

export const serviceDiscovery: Suite = {
  group: 'DSC',
  title: groupTitles.DSC,
  tests: [oneVip, tasksName, dnsRoundRobin, vipAnswers, notElsewhere, inheritsResolver, modeChanged],
}
