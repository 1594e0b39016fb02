import * as tf from '@tensorflow/tfjs'
import { ForwardPass } from '@tfjs-bayes/layers'
import { InvalidModelError, InvalidOptionError } from '../errors.ts'
import { planModel } from '../plan/modelPlan.ts'
import type { Feed, OutputTensor } from '../predictor/engine.ts'
import type { GraphSignature, ModelSignature } from '../predictor/signature.ts'
import { loadModelFile } from './loadModelFile.ts'
import { tfjsPrediction } from './tfjsPrediction.ts'

/** An output of a file beside what tfjs gives. */
export interface ComparedOutput {
  readonly name: string
  readonly actual: ArrayLike<number>
  readonly expected: ArrayLike<number>
}

type Feeds = Readonly<Record<string, Feed>>
type Results = Readonly<Record<string, OutputTensor>>

/**
 * The predictive distribution's mean, which tfjs can make of the same rows and noise.
 *
 * @throws InvalidOptionError where the file makes draws of its own, or has no such output; InvalidModelError where the models differ in form
 */
export async function comparedPrediction(
  modelPath: string,
  { metadata, rows, noise }: ModelSignature,
  feeds: Feeds,
  outputs: Results,
): Promise<readonly ComparedOutput[]> {
  if (metadata.mode !== 'mean' && metadata.noise !== 'input') {
    throw new InvalidOptionError(
      `The file makes its own draws (mode ${metadata.mode}, noise ${metadata.noise}), which tfjs cannot repeat. To compare number by number, export with noise: 'input', or mode: 'mean'.`,
    )
  }
  const { likelihood } = metadata
  const name = likelihood.name === 'categorical' ? 'probabilities' : 'mean'
  const output = outputs[name]
  if (output == null)
    throw new InvalidOptionError(`The file has no output ${name} to compare. Export it with '${name}' among its outputs.`)
  const model = await loadModelFile(modelPath)
  try {
    const fed = noise.map((input) => feeds[input.name]!)
    const expected = tfjsPrediction(model, feeds[rows[0]!.name]!, fed, likelihood.name)
    return [comparable(modelPath, name, output, expected, output.shape)]
  } finally {
    model.dispose()
  }
}

/**
 * All outputs of a model as it is.
 *
 * @throws InvalidModelError where the models differ in form
 */
export async function comparedOutputs(
  modelPath: string,
  { inputs, outputs: declared }: GraphSignature,
  feeds: Feeds,
  outputs: Results,
): Promise<readonly ComparedOutput[]> {
  const model = await loadModelFile(modelPath)
  try {
    const plan = planModel(model)
    const [given, wanted] = [plan.inputs.map(({ name }) => name), plan.outputNames]
    const [taken, made] = [inputs, declared].map((tensors) => tensors.map(({ name }) => name))
    if (String([given, wanted]) !== String([taken, made])) {
      throw new InvalidModelError(
        `The file makes ${made!.join(', ')} of ${taken!.join(', ')}, and ${modelPath} ${wanted.join(', ')} of ${given.join(', ')}: they are different models.`,
      )
    }
    const expected = tf.tidy(() => {
      const x = given.map((name) => tensorOf(feeds[name]!))
      const y = [model.apply(x.length === 1 ? x[0]! : x, { pass: new ForwardPass({ mode: 'mean' }) })].flat() as tf.Tensor[]
      return y.map((tensor) => ({ data: tensor.dataSync(), shape: tensor.shape }))
    })
    return wanted.map((name, index) => comparable(modelPath, name, outputs[name]!, expected[index]!.data, expected[index]!.shape))
  } finally {
    model.dispose()
  }
}

function comparable(
  modelPath: string,
  name: string,
  { data, shape }: OutputTensor,
  expected: ArrayLike<number>,
  expectedShape: readonly number[],
): ComparedOutput {
  if (data.length !== expected.length || String(shape) !== String(expectedShape)) {
    throw new InvalidModelError(
      `The file's output ${name} is [${shape.join(', ')}], and ${modelPath} gives ${expected.length} numbers, [${expectedShape.join(', ')}]: they are different models.`,
    )
  }
  return { name, actual: data as ArrayLike<number>, expected }
}

function tensorOf({ data, elementType, shape }: Feed): tf.Tensor {
  return tf.tensor(data as Float32Array, [...shape], elementType === 'float' ? 'float32' : (elementType as 'int32' | 'bool'))
}
