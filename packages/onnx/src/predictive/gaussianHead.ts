import type { Port } from '../ir/graph.ts'
import type { Tape } from '../ir/tape.ts'
import type { Signal } from '../lower/signal.ts'
import { reduce } from './reduce.ts'

/**
 * Appends the predictive distribution of a regression with normal noise, by the law of total variance:
 *
 * - mean: mean of the draws, [batch, units]
 * - epistemic_variance: variance of the draws (divided by S, so that the sum of both variances is that of the mixture), [batch, units]
 * - aleatoric_variance: sigma^2, [batch, units]
 *
 * @param output the model's output, unfolded
 * @param sigma standard deviation of the observations around the model's output, > 0
 * @returns the outputs; the epistemic variance only where there are draws
 */
export function gaussianHead(tape: Tape, output: Signal, sigma: number): readonly Port[] {
  return tape.scope('predictive', () => {
    const draws = output.value
    const mean = output.samples === 'none' ? draws : reduce(tape, 'ReduceMean', draws, 0)
    // Clip to [sigma^2, sigma^2] is the constant in the mean's shape, without reading that shape off, which a GPU would leave to the CPU.
    const variance = tape.scalar(sigma ** 2)
    const aleatoric = tape.op('Clip', [mean, variance, variance], {}, 'aleatoric_variance')
    const ports: readonly Port[] = [
      { name: 'mean', value: mean },
      { name: 'aleatoric_variance', value: aleatoric },
    ]
    if (output.variance != null) return [...ports, { name: 'epistemic_variance', value: output.variance }]
    if (output.samples === 'none') return ports
    const difference = tape.op('Sub', [draws, mean])
    const epistemic = reduce(tape, 'ReduceMean', tape.op('Mul', [difference, difference]), 0)
    return [...ports, { name: 'epistemic_variance', value: epistemic }]
  })
}
