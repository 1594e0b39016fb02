import { toFloat16 } from '../../ir/float16.ts'
import type { GraphNoise } from '../noise.ts'
import type { OperatorLowering } from '../operators/operators.ts'
import type { Signal } from '../signal.ts'
import type { StoredNumbers } from '../weightStore.ts'
import type { Moments, PosteriorMoments, WeightData } from '../weights.ts'
import type { PosteriorCall } from './posteriorLowering.ts'

/**
 * A draw of the pre-activations by the local reparameterization trick (Kingma, Salimans and Welling, 2015, equation 6):
 *
 *     m = op(x, mu) + mu_b
 *     v = op(x^2, sigma^2) + sigma_b^2
 *     y = m + sqrt(v) * eps
 *
 * As long as nothing was drawn before the layer, both moments are computed once, for all draws.
 */
export function localReparameterization(call: PosteriorCall, noise: GraphNoise): Signal {
  const { input, moments, operator, store, apply, tape, samplesAxis } = call
  const { kernel, bias } = moments
  const exponent = tape.isHalf ? varianceExponent(moments, operator.fanIn) : 0
  const moment = (x: Signal, which: 'mean' | 'variance'): Signal => {
    const factor = which === 'variance' ? 2 ** exponent : 1
    const kernelMoment = store(`kernel_${which}`, () => multiplied(operator.arrange(kernel[which]), factor))
    const biasMoment = bias == null ? undefined : store(`bias_${which}`, () => multiplied(bias[which], factor))
    return tape.scope(which, () => samplesAxis.unfolded(apply(x, kernelMoment, biasMoment)))
  }
  const squared: Signal = operator.takesIndices
    ? input
    : { value: tape.op('Mul', [input.value, input.value], {}, 'squared'), samples: input.samples }
  const m = moment(input, 'mean')
  const v = moment(squared, 'variance')
  const root = tape.op('Sqrt', [v.value], {}, 'sigma')
  const sigma = exponent === 0 ? root : tape.op('Mul', [root, tape.scalar(2 ** (-exponent / 2))], {}, 'sigma')
  const deviation = tape.op('Mul', [sigma, noise.next(m)], {}, 'deviation')
  return { value: tape.op('Add', [m.value, deviation], {}, 'draw'), samples: 'axis' }
}

/** With inputs of size 1 the scaled variance of a pre-activation is at most this: room for inputs of size 30 below the largest float16. */
const SCALED_VARIANCE = 64

/**
 * The power of two, an even one, by which a layer's variances are multiplied in float16, where 1e-6 has two digits left and 1e-8 none; the standard deviation is
 * divided by its root.
 */
function varianceExponent({ kernel, bias }: PosteriorMoments, fanIn: OperatorLowering['fanIn']): number {
  const total = largest(kernel) * fanIn(kernel.variance.shape) + (bias == null ? 0 : largest(bias))
  return total === 0 ? 0 : 2 * Math.floor(Math.log2(SCALED_VARIANCE / total) / 2)
}

// Plain loops: a typed array's methods with functions take several times as long.
function largest({ variance: { data } }: Moments): number {
  let max = 0
  for (let i = 0; i < data.length; i++) if (data[i]! > max) max = data[i]!
  return max
}

function multiplied({ data, shape }: WeightData, factor: number): StoredNumbers {
  return { data: factor === 1 ? data : toFloat16(data, factor), shape }
}
