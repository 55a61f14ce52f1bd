import type { Command } from 'commander'

/** A command as the program’s help shows it; its module is loaded when it is named alone, so that small ones start at once. */
export interface CommandEntry {
  /** What stands behind its name. */
  readonly usage: string
  readonly summary: string
  readonly load: () => Promise<Command>
}

/** By name. A test compares what stands here with the commands themselves. */
export const commands: Readonly<Record<string, CommandEntry>> = {
  run: {
    usage: '[options] [topologies...]',
    summary: 'bring up labs, verify them, write the report',
    load: async () => (await import('./run.ts')).runCommand(),
  },
  verify: {
    usage: '[options]',
    summary: 'verify a standing lab as it is now',
    load: async () => (await import('./verify.ts')).verifyCommand(),
  },
  judge: {
    usage: '[options] [run]',
    summary: 'judge and explain a stored run again',
    load: async () => (await import('./judge.ts')).judgeCommand(),
  },
  up: {
    usage: '[options] [topology]',
    summary: 'bring up a lab with its stack and leave it standing',
    load: async () => (await import('./up.ts')).upCommand(),
  },
  down: {
    usage: '[options]',
    summary: 'end a lab left standing by `up` or `run --keep`',
    load: async () => (await import('./down.ts')).downCommand(),
  },
  exec: {
    usage: '[options] <node> <command...>',
    summary: 'run a command on a node of a standing lab',
    load: async () => (await import('./exec.ts')).execCommand(),
  },
  ssh: {
    usage: '[options] <node>',
    summary: 'open a shell on a node of a standing lab',
    load: async () => (await import('./ssh.ts')).sshCommand(),
  },
  clean: {
    usage: '[options] [hosts...]',
    summary: 'remove what killed runs left behind',
    load: async () => (await import('./clean.ts')).cleanCommand(),
  },
  inspect: {
    usage: '[options] <file>',
    summary: 'tell what is in a capture: VXLAN networks, ESP, flows',
    load: async () => (await import('./inspect.ts')).inspectCommand(),
  },
  merge: {
    usage: '[options] <runs...>',
    summary: 'join the runs of several jobs, or of several engines, into one report',
    load: async () => (await import('./merge.ts')).mergeCommand(),
  },
  history: {
    usage: '[options] [command]',
    summary: 'what became new, fixed or flaky from run to run',
    load: async () => (await import('./history.ts')).historyCommand(),
  },
  report: {
    usage: '[options] [run]',
    summary: 'write the reports of a stored run again',
    load: async () => (await import('./report.ts')).reportCommand(),
  },
  setup: {
    usage: '[options]',
    summary: 'install and build what labs need',
    load: async () => (await import('./setup.ts')).setupCommand(),
  },
  list: {
    usage: '[options] [what]',
    summary: 'list requirements, suites, topologies and findings',
    load: async () => (await import('./list.ts')).listCommand(),
  },
  explain: {
    usage: '[options] <name>',
    summary: 'explain a requirement or a finding',
    load: async () => (await import('./explain.ts')).explainCommand(),
  },
  faults: {
    usage: '[options] [name...]',
    summary: 'plant defects on a lab, see requirements fail and causes named',
    load: async () => (await import('./faults.ts')).faultsCommand(),
  },
  validate: {
    usage: '[options] [hosts...]',
    summary: 'verify a swarm, or hosts, that you already have',
    load: async () => (await import('./validate.ts')).validateCommand(),
  },
  doctor: {
    usage: '[options] [hosts...]',
    summary: 'tell whether this machine can run labs, or hosts can be verified',
    load: async () => (await import('./doctor.ts')).doctorCommand(),
  },
}
