import type { Tape } from '../ir/tape.ts'
import type { Value } from '../ir/value.ts'

type ActivationLowering = (tape: Tape, x: Value) => Value

const activations: Readonly<Record<string, ActivationLowering>> = {
  linear: (_, x) => x,
  elu: (tape, x) => tape.op('Elu', [x]),
  selu: (tape, x) => tape.op('Selu', [x]),
  relu: (tape, x) => tape.op('Relu', [x]),
  relu6: (tape, x) => tape.op('Clip', [x, tape.scalar(0), tape.scalar(6)]),
  sigmoid: (tape, x) => tape.op('Sigmoid', [x]),
  hardSigmoid: (tape, x) => tape.op('HardSigmoid', [x], { alpha: 0.2, beta: 0.5 }),
  softplus: (tape, x) => tape.op('Softplus', [x]),
  softsign: (tape, x) => tape.op('Softsign', [x]),
  tanh: (tape, x) => tape.op('Tanh', [x]),
  softmax: (tape, x) => tape.op('Softmax', [x], { axis: -1n }),
  logSoftmax: (tape, x) => tape.op('LogSoftmax', [x], { axis: -1n }),
  swish: (tape, x) => tape.op('Mul', [x, tape.op('Sigmoid', [x])]),
  mish: (tape, x) => tape.op('Mul', [x, tape.op('Tanh', [tape.op('Softplus', [x])])]),
  // Hendrycks and Gimpel, 2016, "Gaussian error linear units": x Phi(x), and its approximation by tanh. The operator Gelu is younger than opset 17.
  gelu: (tape, x) => {
    const erf = tape.op('Erf', [tape.op('Mul', [x, tape.scalar(Math.SQRT1_2)])])
    const cdf = tape.op('Mul', [tape.op('Add', [erf, tape.scalar(1)]), tape.scalar(0.5)])
    return tape.op('Mul', [x, cdf])
  },
  gelu_new: (tape, x) => {
    const cubed = tape.op('Mul', [tape.op('Mul', [x, x]), x])
    const inner = tape.op('Add', [x, tape.op('Mul', [cubed, tape.scalar(0.044715)])])
    const tanh = tape.op('Tanh', [tape.op('Mul', [inner, tape.scalar(Math.sqrt(2 / Math.PI))])])
    return tape.op('Mul', [tape.op('Mul', [x, tape.scalar(0.5)]), tape.op('Add', [tanh, tape.scalar(1)])])
  },
}

/** Whether an activation has a counterpart. */
export function hasActivation(name: unknown): name is string {
  return typeof name === 'string' && Object.hasOwn(activations, name)
}

/**
 * Appends an activation function.
 *
 * @param tape where to
 * @param name tfjs's name of it, one for which `hasActivation` holds
 * @param x its input, of any shape
 * @returns its output; x itself for 'linear'
 */
export function lowerActivation(tape: Tape, name: string, x: Value): Value {
  return activations[name]!(tape, x)
}
