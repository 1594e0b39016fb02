import { InvalidOptionError } from './errors.ts'
import type { Precision } from './ir/tape.ts'

/** How a graph is written, whatever it computes. */
export interface GraphOptions {
  /**
   * In what weights are stored and layers computed; inputs, outputs and the predictive distribution stay float32. 'float16' halves the file, errs by about 1e-3,
   * needs inputs of layers below 255 in size where draws are made of pre-activations (they are squared), and is not for mode 'moments'. Default 'float32'.
   */
  readonly precision?: Precision
  /** Version of ONNX's operator set, 17 to 20. Default 17: onnxruntime has the most CUDA kernels for it. */
  readonly opset?: number
  /** Whether a node without a CUDA kernel in onnxruntime is an error. Default 'required'. */
  readonly cuda?: 'required' | 'optional'
  /**
   * Whether a batch normalization right behind a convolution or dense layer becomes part of that layer's weights: fewer nodes, results that differ in the last
   * bits. Default false.
   */
  readonly foldBatchNormalization?: boolean
  /** Whether what depends on stored numbers only is computed now, not at each run. Default false. */
  readonly foldConstants?: boolean
}

/** The names of these options. */
const NAMES: readonly string[] = ['precision', 'opset', 'cuda', 'foldBatchNormalization', 'foldConstants']

/**
 * Refuses options that a model as it is does not have, a predictive distribution's among them.
 *
 * @throws InvalidOptionError naming them
 */
export function refuseOtherOptions(options: GraphOptions): void {
  const others = Object.keys(options).filter((name) => !NAMES.includes(name))
  if (others.length === 0) return
  const hint = others.includes('externalData')
    ? ' externalData is for exportLayersModelToFile, which writes two files.'
    : ' A predictive distribution is written by exportModel.'
  throw new InvalidOptionError(`A model as it is has no option ${others.join(', ')}; it has ${NAMES.join(', ')}.${hint}`)
}

/**
 * Checks options before any work; callers without types can get anything wrong.
 *
 * @throws InvalidOptionError naming the option
 */
export function checkGraphOptions(options: GraphOptions): void {
  const { opset = 17, cuda = 'required', precision = 'float32', foldBatchNormalization = false, foldConstants = false } = options
  if (!(Number.isInteger(opset) && opset >= 17 && opset <= 20))
    throw new InvalidOptionError(`The opset is ${opset}. Expected 17, 18, 19 or 20.`)
  if (precision !== 'float32' && precision !== 'float16') {
    throw new InvalidOptionError(`The precision is ${JSON.stringify(precision)}. Expected 'float32' or 'float16'.`)
  }
  if (cuda !== 'required' && cuda !== 'optional') {
    throw new InvalidOptionError(`cuda is ${JSON.stringify(cuda)}. Expected 'required' or 'optional'.`)
  }
  for (const [name, value] of Object.entries({ foldBatchNormalization, foldConstants })) {
    if (typeof value !== 'boolean') throw new InvalidOptionError(`${name} is ${JSON.stringify(value)}. Expected true or false.`)
  }
}
