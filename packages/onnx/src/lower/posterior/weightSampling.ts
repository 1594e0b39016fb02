import { type DrawMethod, standardDraws, streamSeed } from '../../draws/standardDraws.ts'
import type { Signal } from '../signal.ts'
import type { Moments, WeightData } from '../weights.ts'
import type { PosteriorCall, PosteriorLowering } from './posteriorLowering.ts'

/** Which draws of the weights a file holds. */
export interface WeightDraws {
  readonly samples: number
  readonly method: DrawMethod
  readonly seed: number
}

/**
 * Draws of the weights, stored in the file (Blundell et al., 2015, section 3.2): y_k = op(x, mu + sigma * eps_k) + (mu_b + sigma_b * eps_b,k), all k in
 * one product. Each draw is one function, the same for all rows.
 *
 * @returns a lowering for the layers of one model; each weight tensor has draws of its own
 */
export function weightSampling({ samples, method, seed }: WeightDraws): PosteriorLowering {
  let streams = 0
  const draw = ({ mean, variance }: Moments, arrange: (weight: WeightData) => WeightData): WeightData => {
    const size = mean.data.length
    const draws = standardDraws({ samples, size, seed: streamSeed(seed, streams++), method })
    for (let i = 0; i < draws.length; i++) draws[i] = mean.data[i % size]! + Math.sqrt(variance.data[i % size]!) * draws[i]!
    let shape = mean.shape
    for (let sample = 0; sample < samples; sample++) {
      const arranged = arrange({ data: draws.subarray(sample * size, (sample + 1) * size), shape: mean.shape })
      draws.set(arranged.data, sample * size)
      shape = arranged.shape
    }
    return { data: draws, shape: [samples, ...shape] }
  }
  return ({ input, moments: { kernel, bias }, operator: { arrange }, store, applyDraws }: PosteriorCall): Signal => {
    const kernelDraws = store('kernel_draws', () => draw(kernel, arrange))
    return applyDraws(input, kernelDraws, bias == null ? undefined : store('bias_draws', () => draw(bias, (weight) => weight)))
  }
}
