/**
 * What is taken of objects of a swarm, which may be anybody's: fields that the code names, and no others. An
 * environment, a label, a mount, a command, the name of a configuration or of a secret never leaves its host. Each is a
 * template for `--format` that gives one line of JSON an object, in the shape of the engine's API, or a list of fields of it.
 */

/** Options of a network that say something about it; of others not even the names are taken. */
const networkOptions = [
  'encrypted',
  'com.docker.network.driver.mtu',
  'com.docker.network.driver.overlay.vxlanid_list',
]

const subnets = list('.IPAM.Config', object({ Subnet: '$one.Subnet', Gateway: '$one.Gateway' }))
const isNamed = `or ${networkOptions.map((name) => `(eq $key ${JSON.stringify(name)})`).join(' ')}`
/** A pair of empty texts comes first, so that each of the others follows a comma. */
const options = `{"":""{{range $key, $value := .Options}}{{if ${isNamed}}},{{json $key}}:{{json $value}}{{end}}{{end}}}`

const network = [
  ...['ID', 'Name', 'Driver', 'Scope', 'Ingress'].map((name) =>
    field(name === 'ID' ? 'Id' : name, `.${name}`),
  ),
  `"IPAM":{"Config":${subnets}}`,
  `"Options":${options}`,
]

/** Of `docker network inspect`: its subnets alone. */
export const subnetsFormat = list('.IPAM.Config', object({ Subnet: '$one.Subnet' }))

/** Of `docker network inspect`: its VNIs, with commas between them; empty of what is not an overlay. */
export const vniFormat = '{{json (index .Options "com.docker.network.driver.overlay.vxlanid_list")}}'

/** Of `docker network inspect`; see `ApiNetwork`. */
export const networkFormat = `{${network.join()}}`

const peers = list('.Peers', object({ IP: '$one.IP' }))
const containers = `{"":null{{range $id, $one := .Containers}},{{json $id}}:${object({
  Name: '$one.Name',
  MacAddress: '$one.MacAddress',
  IPv4Address: '$one.IPv4Address',
})}{{end}}}`

/** As `networkFormat`, with peers and endpoints. */
export const networkViewFormat = `{${[...network, `"Peers":${peers}`, `"Containers":${containers}`].join()}}`

/** Of `docker node inspect`. */
export const nodeFormat = `{${field('ID', '.ID')},"Description":{${field('Hostname', '.Description.Hostname')}},"Spec":${object(
  { Role: '.Spec.Role', Availability: '.Spec.Availability' },
)},"Status":${object({ State: '.Status.State', Addr: '.Status.Addr' })},"ManagerStatus":{{with .ManagerStatus}}${object({ Addr: '.Addr', Leader: '.Leader' })}{{else}}null{{end}}}`

const cluster = `{{with .Swarm.Cluster}}${object({
  ID: '.ID',
  DataPathPort: '.DataPathPort',
  DefaultAddrPool: '.DefaultAddrPool',
})}{{else}}null{{end}}`

/** Of `docker info`: what an engine says about the swarm it is in. */
export const swarmFormat = `{${['NodeID', 'NodeAddr', 'LocalNodeState', 'ControlAvailable', 'Error']
  .map((name) => field(name, `.Swarm.${name}`))
  .join()},"Cluster":${cluster}}`

/** Of `docker info`: what an engine says about itself; no label, proxy or mirror of it. */
export const engineFormat = `{${['ID', 'DockerRootDir', 'OperatingSystem', 'SecurityOptions', 'LiveRestoreEnabled'].map((name) => field(name, `.${name}`)).join()},"Swarm":${swarmFormat}}`

/** The same of lists of objects, for `readFields`; see `ApiNetwork`, `ApiService`, `ApiTask`. */
export const networkFields = [
  ...['Id', 'Name', 'Driver', 'Scope', 'Ingress', 'IPAM/Config/[]/Subnet', 'IPAM/Config/[]/Gateway'],
  ...networkOptions.map((name) => `Options/${name}`),
]

export const serviceFields = [
  ...['ID', 'Spec/Name', 'Spec/EndpointSpec/Mode', 'Spec/TaskTemplate/Networks/[]/Target'],
  ...['NetworkID', 'Addr'].map((name) => `Endpoint/VirtualIPs/[]/${name}`),
  ...['Protocol', 'TargetPort', 'PublishedPort', 'PublishMode'].map((name) => `Endpoint/Ports/[]/${name}`),
]

export const taskFields = [
  ...['ID', 'NodeID', 'ServiceID', 'Slot', 'DesiredState', 'CreatedAt'],
  ...['NetworksAttachments/[]/Network/ID', 'NetworksAttachments/[]/Addresses/[]', 'Status/State'],
  ...['Status/ContainerStatus/ContainerID', 'Status/ContainerStatus/PID'],
]

export const nodeFields = ['ID', 'Status/Addr', 'ManagerStatus/Addr']

function field(name: string, path: string): string {
  return `"${name}":{{json ${path}}}`
}

function object(fields: Readonly<Record<string, string>>): string {
  return `{${Object.entries(fields)
    .map(([name, path]) => field(name, path))
    .join()}}`
}

/** `item` names what it takes of each by `$one`. */
function list(path: string, item: string): string {
  return `[{{range $index, $one := ${path}}}{{if $index}},{{end}}${item}{{end}}]`
}
