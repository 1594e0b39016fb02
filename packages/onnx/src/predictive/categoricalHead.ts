import type { Port } from '../ir/graph.ts'
import type { Tape } from '../ir/tape.ts'
import type { Value } from '../ir/value.ts'
import type { Signal } from '../lower/signal.ts'
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
 *
 * @param output the model's output, unfolded: logits, or the softmax of logits
 * @returns the outputs; the last two only where there are draws
 */
export function categoricalHead(tape: Tape, output: Signal): readonly Port[] {
  return tape.scope('predictive', () => {
    const logProbabilities = tape.op('LogSoftmax', [logitsOf(output.value)], { axis: -1n }, 'log_probabilities_of_draws')
    const ofDraws = tape.op('Exp', [logProbabilities], {}, 'probabilities_of_draws')
    const entropyOfDraws = negativeSum(tape, ofDraws, logProbabilities)
    if (output.samples === 'none') {
      return [
        { name: 'probabilities', value: ofDraws },
        { name: 'entropy', value: entropyOfDraws },
      ]
    }
    const probabilities = reduce(tape, 'ReduceMean', ofDraws, 0)
    const logarithm = tape.op('Log', [tape.op('Max', [probabilities, tape.scalar(TINY)])])
    const entropy = negativeSum(tape, probabilities, logarithm)
    const expectedEntropy = reduce(tape, 'ReduceMean', entropyOfDraws, 0)
    // The mean of entropies is never above the entropy of the mean; rounding may say so by a last bit.
    const mutualInformation = tape.op('Relu', [tape.op('Sub', [entropy, expectedEntropy])])
    return [
      { name: 'probabilities', value: probabilities },
      { name: 'entropy', value: entropy },
      { name: 'expected_entropy', value: expectedEntropy },
      { name: 'mutual_information', value: mutualInformation },
    ]
  })
}

/** A model that ends in softmax along the last axis has its logits right before it; anything else is taken for logits. */
function logitsOf(output: Value): Value {
  const node = output.producer
  const isSoftmax = node?.opType === 'Softmax' && [-1n, BigInt(output.rank - 1)].includes(node.attributes['axis'] as bigint)
  return isSoftmax ? node.inputs[0]! : output
}

function negativeSum(tape: Tape, probabilities: Value, logarithms: Value): Value {
  // 0 - sum, since Neg makes a certain row's 0 a -0.
  return tape.op('Sub', [tape.scalar(0), reduce(tape, 'ReduceSum', tape.op('Mul', [probabilities, logarithms]), -1)])
}
