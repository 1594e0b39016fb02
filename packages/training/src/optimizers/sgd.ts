import * as tf from '@tensorflow/tfjs'
import { InvalidOptionError } from '../errors.ts'
import type { Optimizer, OptimizerRun } from './optimizer.ts'
import { OptimizerState } from './optimizerState.ts'

export interface SgdOptions {
  /** 0 (default) or more and below 1. */
  readonly momentum?: number
  /** Whether the gradient is looked at where the momentum leads; default false. */
  readonly nesterov?: boolean
}

/**
 * Stochastic gradient descent, with momentum where asked for, with the numbers of `tf.train.sgd` and `tf.train.momentum`.
 *
 * @param options see `SgdOptions`
 * @returns the optimizer, for `optimizer` of `fit`; it takes its learning rate from there
 * @throws InvalidOptionError
 */
export function sgd({ momentum = 0, nesterov = false }: SgdOptions = {}): Optimizer {
  if (!(momentum >= 0 && momentum < 1)) throw new InvalidOptionError('momentum', momentum, 'a number from 0 to below 1')
  return { name: 'sgd', settings: { momentum, nesterov }, start: (variables) => sgdRun(variables, momentum, nesterov) }
}

function sgdRun(variables: readonly tf.Variable[], momentum: number, nesterov: boolean): OptimizerRun {
  const state = new OptimizerState()
  const velocity = momentum === 0 ? [] : state.slots('velocity', variables)
  return {
    state: state.variables,
    apply(gradients, learningRate) {
      tf.tidy(() => {
        const step = tf.neg(learningRate)
        variables.forEach((variable, i) => {
          const gradient = gradients[i]
          if (gradient === undefined) return
          let direction = gradient
          const before = velocity[i]
          if (before) {
            const moved = tf.add(tf.mul(momentum, before), gradient)
            direction = nesterov ? tf.add(gradient, tf.mul(moved, momentum)) : moved
            before.assign(moved)
          }
          variable.assign(tf.add(tf.mul(step, direction), variable))
        })
      })
    },
    dispose: () => state.dispose(),
  }
}
