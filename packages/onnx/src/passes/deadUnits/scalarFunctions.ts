import type { Attributes } from '../../ir/node.ts'

type ScalarFunction = (inputs: readonly number[], attributes: Attributes) => number

/** What elementwise operators make of numbers; others are not known here, and what they give is taken for changing. */
const FUNCTIONS: Readonly<Record<string, ScalarFunction>> = {
  Add: ([x, y]) => x! + y!,
  Sub: ([x, y]) => x! - y!,
  Mul: ([x, y]) => x! * y!,
  Div: ([x, y]) => x! / y!,
  Max: (inputs) => Math.max(...inputs),
  Min: (inputs) => Math.min(...inputs),
  Clip: ([x, low, high]) => Math.min(Math.max(x!, low!), high!),
  Neg: ([x]) => -x!,
  Sqrt: ([x]) => Math.sqrt(x!),
  Exp: ([x]) => Math.exp(x!),
  Erf: ([x]) => erf(x!),
  Relu: ([x]) => Math.max(x!, 0),
  LeakyRelu: ([x], { alpha = 0.01 }) => (x! < 0 ? (alpha as number) * x! : x!),
  Elu: ([x], { alpha = 1 }) => (x! < 0 ? (alpha as number) * Math.expm1(x!) : x!),
  Sigmoid: ([x]) => 1 / (1 + Math.exp(-x!)),
  Tanh: ([x]) => Math.tanh(x!),
  Softplus: ([x]) => Math.max(x!, 0) + Math.log1p(Math.exp(-Math.abs(x!))),
  Softsign: ([x]) => x! / (1 + Math.abs(x!)),
  HardSigmoid: ([x], { alpha = 0.2, beta = 0.5 }) => Math.min(Math.max((alpha as number) * x! + (beta as number), 0), 1),
  Identity: ([x]) => x!,
  Cast: ([x]) => x!,
}

/**
 * The result of an elementwise operator on numbers.
 *
 * @param inputs NaN where an input is not known
 * @returns NaN where the result is not known
 */
export function scalarResult(opType: string, inputs: readonly number[], attributes: Attributes): number {
  // Noise times a deviation of 0, for one.
  if (opType === 'Mul' && inputs.includes(0)) return 0
  if (!Object.hasOwn(FUNCTIONS, opType) || inputs.some(Number.isNaN)) return Number.NaN
  return FUNCTIONS[opType]!(inputs, attributes)
}

/** Its series, and 1 where float32 knows no other number. */
function erf(x: number): number {
  if (Math.abs(x) > 4) return Math.sign(x)
  let [term, sum] = [x, x]
  for (let n = 1; n < 100; n++) {
    term *= (2 * x * x) / (2 * n + 1)
    sum += term
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum
}
