import { pointsOfNormal } from '../draws/pointsOfNormal.ts'
import type { Port } from '../ir/graph.ts'
import type { Tape } from '../ir/tape.ts'
import type { Value } from '../ir/value.ts'
import type { Signal } from '../lower/signal.ts'
import { batchFirst } from './batchFirst.ts'
import { reduce } from './reduce.ts'

// The smallest normal float: keeps log finite at probability 0, where 0 * log(tiny) is the 0 that 0 * log 0 stands for.
const TINY = 2 ** -126

/**
 * Appends the predictive distribution of a classifier, in nats:
 *
 * - probabilities: mean of the draws' probabilities, [batch, classes]
 * - entropy: of those probabilities, [batch]
 * - expected_entropy: mean of the draws' entropies (aleatoric), [batch]
 * - mutual_information: their difference (epistemic), [batch]
 * - variance: of the draws' probabilities (divided by S), [batch, classes]
 * - draws: the draws' probabilities, [batch, samples, classes]
 *
 * @param output the model's logits, unfolded; uncertain ones are drawn from, see `logitDraws`
 * @returns the outputs; all but the first two only where there are draws, and draws only where they are the model's own
 */
export function categoricalHead(tape: Tape, output: Signal): readonly Port[] {
  return tape.scope('predictive', () => {
    const { value, samples } = logitDraws(tape, output)
    const logProbabilities = tape.op('LogSoftmax', [value], { axis: -1n }, 'log_probabilities_of_draws')
    const ofDraws = tape.op('Exp', [logProbabilities], {}, 'probabilities_of_draws')
    const entropyOfDraws = negativeSum(tape, ofDraws, logProbabilities)
    if (samples === 'none') {
      return [
        { name: 'probabilities', value: ofDraws },
        { name: 'entropy', value: entropyOfDraws },
      ]
    }
    const probabilities = reduce(tape, 'ReduceMean', ofDraws, 0)
    const logarithm = tape.op('Log', [tape.op('Max', [probabilities, tape.scalar(TINY)])])
    const entropy = negativeSum(tape, probabilities, logarithm)
    const expectedEntropy = reduce(tape, 'ReduceMean', entropyOfDraws, 0)
    const difference = tape.op('Sub', [ofDraws, probabilities])
    // The mean of entropies is never above the entropy of the mean; rounding may say so by a last bit.
    const mutualInformation = tape.op('Relu', [tape.op('Sub', [entropy, expectedEntropy])])
    return [
      { name: 'probabilities', value: probabilities },
      { name: 'entropy', value: entropy },
      { name: 'expected_entropy', value: expectedEntropy },
      { name: 'mutual_information', value: mutualInformation },
      { name: 'variance', value: reduce(tape, 'ReduceMean', tape.op('Mul', [difference, difference]), 0) },
      ...(output.variance == null ? [{ name: 'draws', value: batchFirst(tape, ofDraws) }] : []),
    ]
  })
}

/** How many draws of the logits mode `moments` makes, where nothing but the softmax is left to compute. */
const LOGIT_DRAWS = 32

/**
 * Softmax has no moments in closed form: of logits that are known by mean and variance, draws are made, the same well spread standard normal numbers in
 * every row. The logits of a row are taken for independent.
 */
function logitDraws(tape: Tape, { value, samples, variance }: Signal): Signal {
  if (variance == null) return { value, samples }
  const size = value.shape.slice(1) as readonly number[]
  const draws = pointsOfNormal(
    LOGIT_DRAWS,
    size.reduce((a, b) => a * b, 1),
  )
  const noise = tape.initializer(draws, [LOGIT_DRAWS, 1, ...size], 'logit_noise')
  const deviation = tape.op('Mul', [tape.op('Sqrt', [variance], {}, 'sigma'), noise], {}, 'deviation')
  return { value: tape.op('Add', [value, deviation], {}, 'logit_draws'), samples: 'axis' }
}

function negativeSum(tape: Tape, probabilities: Value, logarithms: Value): Value {
  // 0 - sum, since Neg makes a certain row's 0 a -0.
  return tape.op('Sub', [tape.scalar(0), reduce(tape, 'ReduceSum', tape.op('Mul', [probabilities, logarithms]), -1)])
}
