import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { packageRoot } from './package-root.ts'

/** Commands that print objects, which may be anybody's, and what makes them print nothing but what is named. */
const reading =
  /docker (?:(?:network|service|node|image|config|secret|container|context|stack) (?:inspect|ls|ps)|inspect|info|ps|version)\b(?:(?!\n|[;|&] |&&|\|\||\$\().)*/g
/** Templates that print an object whole, or a part of one that holds what its owner keeps there. */
const wide =
  /\{\{-? *(?:json )? *(?:\.|\.(?:[\w.]+\.)?(?:Spec|TaskTemplate|ContainerSpec|(?<!IPAM\.)Config|HostConfig|Description|Labels|Env|Mounts|Cmd|Command|Configs|Secrets)) *-?\}\}.*/g
/** Lists that an engine's API gives whole, and what keeps them to objects of the run. */
const listing = /\.(?:get|list)\(\s*'\/(?!version'|_ping'|proc\/)[^']*'(?:(?!\)\.|\n\n)[\s\S]){0,200}/g
const isOfRun = (asked: string): boolean => /filters/.test(asked)
const isNarrow = (command: string): boolean => /--format| -a?q\b|>\s?\/dev\/null/.test(command)

/** Commands by which an engine would ask a registry, and what keeps it from that. */
const starting: readonly (readonly [RegExp, RegExp])[] = [
  [/docker run\b.*/g, /--pull never/],
  [/docker (?:create|container create|container run)\b.*/g, /--pull never/],
  [/docker service create\b.*/g, /--no-resolve-image/],
  [/docker stack deploy\b.*/g, /--resolve-image never/],
  [/docker service update\b.*--image.*/g, /--no-resolve-image/],
]

/** The scripts in a file's text: that of a script is all of it. */
function scriptsIn(text: string, file: string): string[] {
  if (!file.endsWith('.ts')) return [text.replaceAll(/^\s*#.*$/gm, '').replaceAll(/ \\\n */g, ' ')]
  return [...text.matchAll(/(?:\bsh|String\.raw)`((?:[^`\\]|\\[\s\S])*)`/g)].map(([, script = '']) => script)
}

/** What is wrong with scripts in a file's text. */
function problems(source: string, file = 'x.ts'): string[] {
  const text = file.endsWith('.ts') ? source.replaceAll(/^\s*\*.*$/gm, '') : source
  const scripts = scriptsIn(text, file)
  return [
    ...[...text.matchAll(wide)].map(([whole]) => `takes an object whole: ${whole}`),
    ...[...text.matchAll(listing)]
      .filter(([asked]) => !isOfRun(asked))
      .map(([asked]) => `has an engine list objects of anybody: ${asked.split('\n')[0]}`),
    ...scripts.flatMap((script) => [
      ...[...script.matchAll(reading)]
        .filter(([command]) => !isNarrow(command))
        .map(([command]) => `prints more than it names: ${command}`),
      ...starting.flatMap(([pattern, needed]) =>
        [...script.matchAll(pattern)]
          .filter(([command]) => !needed.test(command))
          .map(([command]) => `may ask a registry: ${command}`),
      ),
      ...[...script.matchAll(/--token\b.*/g)].map(
        ([words]) => `shows a token to all users of a host: ${words}`,
      ),
    ]),
  ]
}

describe('docker commands', () => {
  const root = packageRoot()
  const files = ['lib', 'suites'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.(?:ts|sh|pl)$/.test(name) && !/\.(test|fake|lab)\.(?:ts|sh|pl)$/.test(name))
      .map((name) => join(folder, name)),
  )

  it('take named fields of what may be somebody else’s, ask no registry, and show no token', () => {
    const found = files.flatMap((file) =>
      problems(readFileSync(join(root, file), 'utf8'), file).map((problem) => `${file} ${problem}`),
    )
    expect(found).to.deep.equal([])
  })

  it('are found by this where they do not', () => {
    for (const script of [
      'sh`docker service inspect ${name}`',
      'sh`x=$(docker network inspect $(docker network ls -q))`',
      "sh`docker inspect --format ${'{{json .}}'} ${name}`",
      "sh`docker service inspect --format ${'{{json .Spec}}'} ${name}`",
      "sh`docker service inspect --format ${'{{ json .Spec.TaskTemplate.ContainerSpec }}'} ${name}`",
      "sh`docker ps --format '{{.Labels}}'`",
      'sh`docker info | head`',
      'String.raw`\nif true; then docker ps; fi`',
      'sh`docker run --rm ${image} true`',
      'sh`docker service create --name ${name} ${image}`',
      'sh`docker stack deploy --compose-file - ${name}`',
      'sh`docker swarm join --token "$(cat)" ${manager}`',
      "await engineOf(host).get('/services')",
      "await engineOf(host).list('/services')",
      "await engineOf(host).get('/networks', { signal })\n\nconst filters = 1",
    ])
      expect(problems(script), script).to.not.deep.equal([])
    for (const script of [
      'docker service inspect "$name"\n',
      'docker run --rm "$image" true\n',
      'docker run --rm \\\n  "$image" true\n',
    ])
      expect(problems(script, 'x.sh'), script).to.not.deep.equal([])
    expect(problems('docker run --rm \\\n  --pull never "$image" true\n', 'x.sh')).to.deep.equal([])
    for (const script of [
      "sh`docker service inspect --format ${'{{.ID}}'} ${name}`",
      'sh`until docker info >/dev/null 2>&1; do sleep 1; done; docker ps -aq --filter ${filter}`',
      'sh`docker run --rm --pull never ${id} true`',
      "await engineOf(host).get('/tasks', { filters: { service: names } })",
    ])
      expect(problems(script), script).to.deep.equal([])
  })
})
