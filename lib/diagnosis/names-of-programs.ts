import type { ApplicationNames, ApplicationPlace } from '../observation/application-names.ts'
import type { LabView } from './lab-view.ts'

export function namesOfPrograms(lab: LabView): ApplicationNames | undefined {
  return lab.scene('application-names') as ApplicationNames | undefined
}

/** What was read and found on each node. */
export function placesOfPrograms(lab: LabView): [string, ApplicationPlace][] {
  return Object.entries(namesOfPrograms(lab)?.places ?? {}).flatMap(([node, part]) =>
    'got' in part ? [[node, part.got]] : [],
  )
}

/** For remedies: what has to be done after a host’s resolv.conf was changed. */
export function tasksMadeAgain(service = 'SERVICE'): string {
  return `Tasks keep the file they were made with: \`docker service update --force ${service}\`, and so for every service`
}
