import { type Suite, suiteOf } from '../lib/conformance/suite.ts'
import * as ADR from './ADR/index.ts'
import * as CTL from './CTL/index.ts'
import * as DSC from './DSC/index.ts'
import * as ENC from './ENC/index.ts'
import * as GWB from './GWB/index.ts'
import * as ING from './ING/index.ts'
import * as LB from './LB/index.ts'
import * as MTU from './MTU/index.ts'
import * as OVL from './OVL/index.ts'
import * as RES from './RES/index.ts'
import * as VXL from './VXL/index.ts'

/** Everything that is verified, in the order it is verified. */
export const suites: readonly Suite[] = [
  suiteOf('CTL', CTL),
  suiteOf('OVL', OVL),
  suiteOf('VXL', VXL),
  suiteOf('ENC', ENC),
  suiteOf('MTU', MTU),
  suiteOf('DSC', DSC),
  suiteOf('LB', LB),
  suiteOf('ING', ING),
  suiteOf('GWB', GWB),
  suiteOf('ADR', ADR),
  suiteOf('RES', RES),
]
