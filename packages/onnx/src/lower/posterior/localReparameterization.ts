import type { GraphNoise } from '../noise.ts'
import type { Signal } from '../signal.ts'
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
  const { input, moments, arrange, store, apply, tape, samplesAxis } = call
  const { kernel, bias } = moments
  const moment = (x: Signal, which: 'mean' | 'variance'): Signal => {
    const kernelMoment = store(`kernel_${which}`, () => arrange(kernel[which]))
    const biasMoment = bias == null ? undefined : store(`bias_${which}`, () => bias[which])
    return tape.scope(which, () => samplesAxis.unfolded(apply(x, kernelMoment, biasMoment)))
  }
  const squared: Signal = { value: tape.op('Mul', [input.value, input.value], {}, 'squared'), samples: input.samples }
  const m = moment(input, 'mean')
  const v = moment(squared, 'variance')
  const deviation = tape.op('Mul', [tape.op('Sqrt', [v.value], {}, 'sigma'), noise.next(m)], {}, 'deviation')
  return { value: tape.op('Add', [m.value, deviation], {}, 'draw'), samples: 'axis' }
}
