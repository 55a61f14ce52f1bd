import { engineFormat, subnetsFormat, vniFormat } from '../api-formats.ts'
import { scriptFile } from '../script-file.ts'
import { moduleNames, toolNames } from './host-facts.ts'

const configOf: Readonly<Record<(typeof moduleNames)[number], string>> = {
  vxlan: 'VXLAN',
  ip_vs: 'IP_VS',
  esp4: 'INET_ESP',
  xt_bpf: 'NETFILTER_XT_MATCH_BPF',
  xt_u32: 'NETFILTER_XT_MATCH_U32',
  br_netfilter: 'BRIDGE_NETFILTER',
}

/**
 * What is run on a host to learn what it is: POSIX sh, changes nothing and loads no module. Prints sections, see
 * `execSections`. Of `docker-state.json` only the data-path address is taken.
 *
 * JSON is taken from docker's standard output alone. What it prints beside that is for people, and only shown.
 */
export const factsScript = scriptFile(import.meta.url, 'facts.sh', {
  tools: toolNames.join(' '),
  modules: moduleNames.join(' '),
  any_module: moduleNames.join('|'),
  settings: moduleNames.map((name) => `${name}=${configOf[name]}`).join(' '),
  engine_format: engineFormat,
  network_format: `{{json .Name}} {{json .Driver}} {{json .Scope}} ${vniFormat} ${subnetsFormat}`,
})
