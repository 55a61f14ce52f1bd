import { type Script, sh } from '../script.ts'
import { scriptFile } from '../script-file.ts'
import { dockerStandIn, putBeforeDocker } from './docker-front.ts'
import { scripted } from './scripted.ts'
import type { Fault } from './fault.ts'
import { engineOf } from '../swarm/engine-of.ts'

/** Puts a program before docker on the manager: what an engine would refuse cannot be had from it otherwise. */
export function standsIn(
  fault: Omit<Extract<Fault, { readonly unnamed: string }>, 'plant'>,
  program: (on: Parameters<Fault['plant']>[0]) => Script,
): Fault {
  return {
    ...fault,
    async plant(on) {
      const { host } = on.cluster.manager
      const planted = await scripted(on.cluster.manager, {
        plant: putBeforeDocker(program(on)),
        remove: sh`rm ${dockerStandIn}`,
      })
      // A connection that is kept goes past what stands before docker now, and through what stood there.
      engineOf(host)[Symbol.dispose]()
      return {
        ...planted,
        async remove() {
          await planted.remove()
          engineOf(host)[Symbol.dispose]()
        },
      }
    },
  }
}

export const changedPoolsAccepted = standsIn(
  {
    name: 'changed-pools-accepted',
    description: 'The manager takes other address pools without a word.',
    breaks: ['ADR-02'],
    unnamed: 'only what the manager answers is wrong, and the verdict says it: no host shows why',
  },
  () => scriptFile(import.meta.url, 'changed-pools-accepted.sh'),
)

export const secondIngressAccepted = standsIn(
  {
    name: 'second-ingress-accepted',
    description: 'The manager takes a second ingress network without a word.',
    breaks: ['ING-09'],
    unnamed: 'only what the manager answers is wrong, and the verdict says it: no host shows why',
  },
  () => scriptFile(import.meta.url, 'second-ingress-accepted.sh'),
)

export const addressPoolsIgnored = standsIn(
  {
    name: 'address-pools-ignored',
    description: 'The manager gives networks a subnet that is not of its pools.',
    breaks: ['ADR-01'],
    unnamed: 'only what the manager answers is wrong, and the verdict says it: no host shows why',
  },
  () => scriptFile(import.meta.url, 'address-pools-ignored.sh'),
)

export const maskLengthMisstated = standsIn(
  {
    name: 'mask-length-misstated',
    description: 'The manager states another mask length for the swarm than it was made with.',
    breaks: ['OVL-05'],
    unnamed: 'only what the manager answers is wrong, and the verdict says it: no host shows why',
  },
  () => scriptFile(import.meta.url, 'mask-length-misstated.sh'),
)
