import { MissingPrerequisite } from './missing-prerequisite.ts'

export interface MissingToolDetail {
  /** The program, e.g. `tcpdump`. */
  readonly tool: string
  /** Debian package that has it. */
  readonly package: string
  readonly hosts: readonly string[]
}

/** Hosts lack a program that was wanted there. */
export class MissingTool extends MissingPrerequisite {
  readonly tool: string
  readonly package: string
  readonly hosts: readonly string[]

  constructor({ tool, package: name, hosts }: MissingToolDetail) {
    super({
      code: 'TOOL_MISSING',
      what: `${tool} is missing on ${hosts.join(', ')}: apt-get install ${name}, or give --toolbox-image`,
    })
    this.tool = tool
    this.package = name
    this.hosts = hosts
  }
}

/** The error to throw when work side by side failed: one that names all hosts that lack the same tool, else the first. */
export function gatherMissing(errors: readonly unknown[]): unknown {
  const other = errors.find((error) => !(error instanceof MissingTool))
  const [first] = errors
  if (other !== undefined || !(first instanceof MissingTool)) return other ?? first
  const same = errors.filter((error): error is MissingTool => (error as MissingTool).tool === first.tool)
  const hosts = [...new Set(same.flatMap((error) => error.hosts))]
  return new MissingTool({ tool: first.tool, package: first.package, hosts })
}

/** What programs come in, of those a host is asked for. */
const packages: Readonly<Record<string, string>> = {
  perl: 'perl-base',
  tcpdump: 'tcpdump',
  ip: 'iproute2',
  bridge: 'iproute2',
  nsenter: 'util-linux',
  'iptables-save': 'iptables',
  ipvsadm: 'ipvsadm',
  getent: 'libc-bin',
}

/** Programs that work on a network namespace or a kernel table and that a host may lack. */
export const hostTools: readonly string[] = Object.keys(packages).filter((tool) => tool !== 'getent')

export function missingTool(tool: string, host: string): MissingTool {
  return new MissingTool({ tool, package: packages[tool] ?? tool, hosts: [host] })
}
