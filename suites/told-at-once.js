import Mocha from 'mocha'

const { Base, Spec } = Mocha.reporters

/** As mocha usually tells it, and each failure where it happens as well: a run of labs may be ended before its end. */
export default class ToldAtOnce extends Spec {
  constructor(runner, options) {
    super(runner, options)
    runner.on(Mocha.Runner.constants.EVENT_TEST_FAIL, (test) => Base.list([test]))
  }
}
