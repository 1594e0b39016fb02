import * as tf from '@tensorflow/tfjs'
import { adamUpdate } from '@tfjs-bayes/backend'
import { requireNonNegative, requirePositive } from '../checks/options.ts'
import { InvalidOptionError } from '../errors.ts'
import type { Optimizer, OptimizerRun } from './optimizer.ts'
import { OptimizerState } from './optimizerState.ts'

export interface AdamOptions {
  /** Decay of the mean of the gradients, 0 or more and below 1; default 0.9. */
  readonly beta1?: number
  /** Decay of the mean of their squares, 0 or more and below 1; default 0.999. */
  readonly beta2?: number
  /** Added to the root of the second moment, above 0; default 1e-7, as in tfjs. */
  readonly epsilon?: number
}

export interface AdamWOptions extends AdamOptions {
  /** Share of a weight that each step takes away, times the learning rate; 0 or more; default 0.01. */
  readonly weightDecay?: number
}

/**
 * Adam, with the numbers of `tf.train.adam`. Kingma & Ba (2015), "Adam: A Method for Stochastic Optimization", algorithm 1.
 *
 * @param options see `AdamOptions`
 * @returns the optimizer, for `optimizer` of `fit`; it takes its learning rate from there
 * @throws InvalidOptionError
 */
export function adam(options: AdamOptions = {}): Optimizer {
  const settings = checked(options)
  return { name: 'adam', settings, start: (variables) => adamRun(variables, { ...settings, weightDecay: 0 }) }
}

/**
 * Adam with decoupled weight decay. Loshchilov & Hutter (2019), "Decoupled Weight Decay Regularization", algorithm 2, with a schedule multiplier of the learning rate.
 *
 * For deterministic baselines: it shrinks every variable, a variational layer's rho too, where the prior already says what a weight should be.
 *
 * @param options see `AdamWOptions`
 * @returns the optimizer, for `optimizer` of `fit`; it takes its learning rate from there
 * @throws InvalidOptionError
 */
export function adamW({ weightDecay = 0.01, ...options }: AdamWOptions = {}): Optimizer {
  requireNonNegative('weightDecay', weightDecay)
  const settings = { ...checked(options), weightDecay }
  return { name: 'adamW', settings, start: (variables) => adamRun(variables, settings) }
}

function checked({ beta1 = 0.9, beta2 = 0.999, epsilon = 1e-7 }: AdamOptions): Required<AdamOptions> {
  for (const [name, value] of Object.entries({ beta1, beta2 })) {
    if (!(value >= 0 && value < 1)) throw new InvalidOptionError(name, value, 'a number from 0 to below 1')
  }
  requirePositive('epsilon', epsilon)
  return { beta1, beta2, epsilon }
}

function adamRun(
  variables: readonly tf.Variable[],
  { beta1, beta2, epsilon, weightDecay }: Required<AdamWOptions>,
): OptimizerRun {
  const state = new OptimizerState()
  // The powers are variables: a number that changes from step to step would make each step another graph.
  const beta1Power = state.scalar('beta1Power', beta1)
  const beta2Power = state.scalar('beta2Power', beta2)
  const first = state.slots('firstMoment', variables)
  const second = state.slots('secondMoment', variables)
  return {
    state: state.variables,
    apply(gradients, learningRate) {
      tf.tidy(() => {
        variables.forEach((variable, i) => {
          const gradient = gradients[i]
          if (gradient === undefined) return
          const value = weightDecay === 0 ? variable : tf.mul(variable, tf.sub(1, tf.mul(learningRate, weightDecay)))
          const [firstMoment, secondMoment] = [first[i]!, second[i]!]
          const moments = { firstMoment, secondMoment, beta1Power, beta2Power, beta1, beta2, epsilon }
          const updated = adamUpdate({ value, gradient, learningRate, ...moments })
          firstMoment.assign(updated.firstMoment)
          secondMoment.assign(updated.secondMoment)
          variable.assign(updated.value)
        })
        beta1Power.assign(tf.mul(beta1Power, beta1))
        beta2Power.assign(tf.mul(beta2Power, beta2))
      })
    },
    dispose: () => state.dispose(),
  }
}
