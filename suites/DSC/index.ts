/** The requirements of this group: one line each. */
export { oneVip } from './dsc-01-one-vip.ts'
export { tasksName } from './dsc-02-tasks-name.ts'
export { dnsRoundRobin } from './dsc-03-dnsrr.ts'
export { vipAnswers } from './dsc-04-vip-answers.ts'
export { notElsewhere } from './dsc-05-not-elsewhere.ts'
export { inheritsResolver } from './dsc-06-inherits-resolver.ts'
export { modeChanged } from './dsc-07-mode-changed.ts'
export { asApplications } from './dsc-08-as-applications.ts'
