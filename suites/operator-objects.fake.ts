import { randomBytes } from 'node:crypto'
import type { Host } from '../lib/host/host.ts'
import type { LoadedImage } from '../lib/loaded-image.ts'
import { sh } from '../lib/script.ts'
import { docker } from '../lib/swarm/docker.ts'

/** Services and a network of an operator, with what is nobody else's business in every place that may hold some. */
export interface OperatorObjects extends AsyncDisposable {
  /** By place: an environment variable, a label, a command and so on. */
  readonly canaries: Readonly<Record<string, string>>
}

const service = 'operator-shop'
const broken = 'operator-broken'
const network = 'operator-net'

const places = [
  ...[
    'environment',
    'label',
    'container-label',
    'config',
    'config-content',
    'secret',
    'secret-content',
    'mount',
  ],
  ...[
    'command',
    'argument',
    'hostname',
    'user',
    'constraint',
    'network-label',
    'network-option',
    'missing-command',
  ],
] as const

/**
 * Creates them on a manager: one service that runs, and one whose tasks fail again and again, so that engines write
 * about it. Removed when disposed.
 */
export async function plantOperatorObjects(manager: Host, image: LoadedImage): Promise<OperatorObjects> {
  const canaries = Object.fromEntries(
    places.map((place) => [place, `canary${randomBytes(9).toString('hex')}`]),
  ) as Record<(typeof places)[number], string>
  const is = (place: (typeof places)[number]): string => canaries[place]
  await removeOperatorObjects(manager)
  const inNetwork = [
    '--label',
    `of=${is('network-label')}`,
    '--opt',
    `operator.option=${is('network-option')}`,
  ]
  const inService = [
    ...['--network', network, '--publish', '18099:80', '--env', `PASSWORD=${is('environment')}`],
    ...['--label', `of=${is('label')}`, '--container-label', `of=${is('container-label')}`],
    ...['--config', is('config'), '--secret', is('secret'), '--hostname', is('hostname')],
    ...[
      '--mount',
      `type=tmpfs,destination=/${is('mount')}`,
      '--constraint',
      `node.labels.of!=${is('constraint')}`,
    ],
  ]
  const command = ['sh', '-c', `: ${is('command')}; while :; do sleep 60; done`, is('argument')]
  const options = ['--detach', '--quiet', '--no-resolve-image', '--stop-grace-period', '1s']
  await docker(
    manager,
    sh`set -e
docker network create --driver overlay --attachable ${inNetwork} ${network}
printf %s ${is('config-content')} | docker config create --label operator=1 ${is('config')} -
printf %s ${is('secret-content')} | docker secret create --label operator=1 ${is('secret')} -
docker service create ${options} ${inService} --name ${service} ${image} ${command}
docker service create ${options} --restart-delay 20s --name ${broken} ${image} ${`/bin/${is('missing-command')}`}`,
    { timeoutMs: 120_000 },
  )
  return { canaries, [Symbol.asyncDispose]: () => removeOperatorObjects(manager) }
}

async function removeOperatorObjects(manager: Host): Promise<void> {
  await docker(
    manager,
    sh`docker service rm ${[service, broken]} >/dev/null 2>&1
docker config ls -q --filter label=operator=1 | xargs -r docker config rm >/dev/null
docker secret ls -q --filter label=operator=1 | xargs -r docker secret rm >/dev/null
n=0; while docker network inspect ${network} >/dev/null 2>&1 && [ $n -lt 60 ]; do
  docker network rm ${network} >/dev/null 2>&1 || sleep 1
  n=$((n + 1))
done
true`,
    { timeoutMs: 120_000 },
  )
}
