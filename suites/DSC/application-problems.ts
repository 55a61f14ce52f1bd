import type {
  ApplicationFound,
  ApplicationPlace,
  NameAsked,
} from '../../lib/observation/application-names.ts'
import { outcomeSeen } from '../../lib/observation/probe-seen.ts'
import type { Problem } from '../../lib/observation/problem.ts'

/** Longest a program may wait for a service's name: a nameserver that does not answer costs four seconds or more. */
const boundSeconds = 3

/** How a program's answers differ from the resolver's, which has to know the names of `services`. */
export function applicationProblems(
  node: string,
  { task, found }: ApplicationPlace,
  asked: readonly NameAsked[],
  services: ReadonlySet<string>,
): Problem[] {
  return found.flatMap((one) => {
    const raw = (type: NameAsked['type']): NameAsked | undefined =>
      asked.find(
        (question) =>
          question.node === node &&
          question.name === one.name &&
          question.type === type &&
          question.by === 'task',
      )
    const where = { node, ends: { from: task, to: one.name }, subject: one.name }
    return [
      ...foundProblems(one, raw('A')?.probe.dns?.addresses ?? [], where, services.has(one.name)),
      ...(services.has(one.name) ? silenceProblems(raw('AAAA'), where) : []),
    ]
  })
}

type Where = Pick<Problem, 'node' | 'ends' | 'subject'>

function foundProblems(
  { addresses, seconds }: ApplicationFound,
  known: readonly string[],
  where: Where,
  isService: boolean,
): Problem[] {
  if (known.length === 0) return []
  const expected = known.join(', ')
  const observed = addresses.join(', ')
  // Names of outside have other addresses from one answer to the next.
  const others = isService ? addresses.filter((address) => !known.includes(address)) : []
  const problems: readonly (Problem | undefined)[] = [
    addresses.length > 0
      ? undefined
      : { ...where, code: 'application-does-not-find', kind: 'missed', expected },
    others.length === 0
      ? undefined
      : { ...where, code: 'application-finds-another', kind: 'seen', expected, observed },
    !isService || seconds <= boundSeconds
      ? undefined
      : {
          ...{ ...where, code: 'application-waits-for-name', kind: 'missed' },
          ...{ expected: `${boundSeconds} s`, observed: `${seconds} s` },
        },
  ]
  return problems.filter((problem) => problem !== undefined)
}

/** Programs ask for AAAA beside A and wait for both. */
function silenceProblems(asked: NameAsked | undefined, where: Where): Problem[] {
  if (asked === undefined || asked.probe.dns !== undefined) return []
  return [
    {
      ...{ ...where, code: 'name-not-answered', kind: 'missed', protocol: 'AAAA' },
      observed: outcomeSeen(asked.probe),
    },
  ]
}

/** Hosts none of whose nameservers answers anything. */
export function upstreamProblems(asked: readonly NameAsked[]): Problem[] {
  const byHost = asked.filter(({ by }) => by === 'host')
  const nodes = [...new Set(byHost.map(({ node }) => node))]
  return nodes.flatMap((node): Problem[] => {
    const own = byHost.filter((one) => one.node === node)
    if (own.some(({ probe }) => probe.dns !== undefined)) return []
    const [first] = own
    return [
      {
        ...{ code: 'nameservers-silent', kind: 'missed', node, subject: first?.name ?? '' },
        address: own.map(({ probe }) => probe.to).join(', '),
        observed: first === undefined ? '' : outcomeSeen(first.probe),
      },
    ]
  })
}

/** Longest of these look-ups; 0 without any. */
export function slowestSeconds(found: readonly ApplicationFound[]): number {
  return Math.max(0, ...found.map(({ seconds }) => seconds))
}
