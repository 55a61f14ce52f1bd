import { expect } from 'chai'
import { refusedTasks } from './refused-tasks.ts'

/** `docker service ps --no-trunc` of engine 26.1.5, of services one of whose nodes refuses their tasks. */
const output = [
  'swp-rr.abc\tworker2\tReady\tReady 2 seconds ago\t',
  ' \\_ swp-rr.abc\tworker2\tShutdown\tRejected 3 seconds ago\t"network sandbox join failed: subnet sandbox join failed for \\"10.60.1.0/24\\": error creating vxlan interface: file exists"',
  'swp-rr.def\tmanager\tRunning\tRunning 2 minutes ago\t',
  'swp-web.1\tworker1\tRunning\tRunning 2 minutes ago\t',
  'swp-here.1\t\tRunning\tPending 10 seconds ago\t"no suitable node (host-mode port already in use on 3 nodes)"',
  '',
].join('\n')

describe('tasks that engines refuse', () => {
  it('are those that do not run, with what was said of them or of the one before', () => {
    expect(refusedTasks(output, new Map([['worker2', 'node-c']]))).to.deep.equal([
      {
        ...{ service: 'swp-rr', node: 'node-c', state: 'Ready' },
        error:
          'network sandbox join failed: subnet sandbox join failed for \\"10.60.1.0/24\\": error creating vxlan interface: file exists',
      },
      {
        ...{ service: 'swp-here', state: 'Pending' },
        error: 'no suitable node (host-mode port already in use on 3 nodes)',
      },
    ])
  })

  it('are none where all run', () => {
    expect(refusedTasks(output.split('\n').slice(2, 4).join('\n'), new Map())).to.deep.equal([])
  })
})
