import type { Port } from '../ir/graph.ts'
import type { Tape } from '../ir/tape.ts'
import type { Dimension, Value } from '../ir/value.ts'
import { quadratureMoments } from '../lower/moments/quadratureMoments.ts'
import type { Signal } from '../lower/signal.ts'
import { batchFirst } from './batchFirst.ts'
import type { Likelihood } from './likelihood.ts'
import { mixtureQuantiles, normalQuantiles } from './quantiles.ts'
import { reduce } from './reduce.ts'

/**
 * Appends the predictive distribution of a regression with normal noise, by the law of total variance:
 *
 * - mean: mean of the draws, [batch, units]
 * - aleatoric_variance: mean of the draws' sigma^2, [batch, units]
 * - epistemic_variance: variance of the draws' means (divided by S, so that the sum of both variances is that of the mixture), [batch, units]
 * - quantiles: of the mixture of the draws' normal distributions, [batch, units, quantiles]; without draws of the normal distribution with mean and variances
 * - draws: the draws' means, [batch, samples, units]
 *
 * @param output the model's output, unfolded
 * @param quantiles which ones, each between 0 and 1
 * @returns all that the output's form allows
 */
export function gaussianHead(
  tape: Tape,
  output: Signal,
  likelihood: Exclude<Likelihood, { readonly name: 'categorical' }>,
  quantiles: readonly number[],
): readonly Port[] {
  return tape.scope('predictive', () => {
    const { location, scale } =
      likelihood.name === 'gaussian'
        ? { location: output, scale: { sigma: tape.scalar(likelihood.sigma), second: tape.scalar(likelihood.sigma ** 2) } }
        : split(tape, output)
    const drawn = location.samples !== 'none'
    const mean = drawn ? reduce(tape, 'ReduceMean', location.value, 0) : location.value
    const aleatoric = aleatoricVariance(tape, mean, scale.second, drawn)
    const spread = (): Value => {
      const difference = tape.op('Sub', [location.value, mean])
      return reduce(tape, 'ReduceMean', tape.op('Mul', [difference, difference]), 0)
    }
    const epistemic = location.variance ?? (drawn ? spread() : undefined)
    const total = (): Value => tape.op('Sqrt', [epistemic == null ? aleatoric : tape.op('Add', [epistemic, aleatoric])])
    return [
      { name: 'mean', value: mean },
      { name: 'aleatoric_variance', value: aleatoric },
      ...(epistemic == null ? [] : [{ name: 'epistemic_variance', value: epistemic }]),
      {
        name: 'quantiles',
        value: drawn
          ? mixtureQuantiles(tape, location.value, scale.sigma, quantiles)
          : normalQuantiles(tape, mean, total(), quantiles),
      },
      ...(drawn ? [{ name: 'draws', value: batchFirst(tape, location.value) }] : []),
    ]
  })
}

/** A standard deviation, and the mean of its square where it is uncertain itself. */
interface Scale {
  readonly sigma: Value
  readonly second: Value
}

/** Means in front, and behind them what softplus makes standard deviations of. */
function split(tape: Tape, { value, samples, variance }: Signal): { readonly location: Signal; readonly scale: Scale } {
  const units = (value.shape.at(-1) as number) / 2
  const part = (of: Value, from: number): Value =>
    tape.op('Slice', [of, tape.ints([from]), tape.ints([from + units]), tape.ints([of.rank - 1]), tape.ints([1])])
  const softplus = (x: Value): Value => tape.op('Softplus', [x])
  const location: Signal = { value: part(value, 0), samples, ...(variance == null ? {} : { variance: part(variance, 0) }) }
  if (variance == null) {
    const sigma = softplus(part(value, units))
    return { location, scale: { sigma, second: tape.op('Mul', [sigma, sigma]) } }
  }
  const moments = quadratureMoments(tape, { mean: part(value, units), variance: part(variance, units) }, softplus)
  const second = tape.op('Add', [tape.op('Mul', [moments.mean, moments.mean]), moments.variance])
  return { location, scale: { sigma: moments.mean, second } }
}

function aleatoricVariance(tape: Tape, mean: Value, second: Value, drawn: boolean): Value {
  // Clip to [sigma^2, sigma^2] is the constant in the mean's shape, without reading that shape off, which a GPU would leave to the CPU.
  if (second.rank === 0) return tape.op('Clip', [mean, second, second], {}, 'aleatoric_variance')
  return drawn ? reduce(tape, 'ReduceMean', second, 0) : second
}

/** How many numbers a likelihood describes with so many outputs of the model. */
export function unitsOf(likelihood: Likelihood, outputs: Dimension): number {
  return (outputs as number) / (likelihood.name === 'heteroscedasticGaussian' ? 2 : 1)
}
