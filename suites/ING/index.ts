import { groupTitles } from '../../lib/conformance/group-titles.ts'
import type { Suite } from '../../lib/conformance/suite.ts'
import { everyNode } from './ing-01-every-node.ts'
import { allTasks } from './ing-02-all-tasks.ts'
import { udpBesideTcp } from './ing-03-udp-beside-tcp.ts'
import { shortAndLong } from './ing-04-short-and-long.ts'
import { chain } from './ing-05-chain.ts'
import { unpublished } from './ing-06-unpublished.ts'
import { hostMode } from './ing-07-host-mode.ts'
import { takenPort } from './ing-08-taken-port.ts'
import { oneIngress } from './ing-09-one-ingress.ts'
import { customIngress } from './ing-10-custom-ingress.ts'
import { withoutIngress } from './ing-11-without-ingress.ts'
import { largeAnswers } from './ing-12-large-answers.ts'
import { publishedLater } from './ing-13-published-later.ts'

export const ing: Suite = {
  group: 'ING',
  title: groupTitles.ING,
  tests: [
    everyNode,
    allTasks,
    udpBesideTcp,
    shortAndLong,
    chain,
    unpublished,
    hostMode,
    takenPort,
    oneIngress,
    customIngress,
    withoutIngress,
    largeAnswers,
    publishedLater,
  ],
}
