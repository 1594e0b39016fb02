import * as tf from '@tensorflow/tfjs'
import { compile } from '@tfjs-bayes/backend/compile'
import { adam, categorical, trainableVariables, trainingStep } from '@tfjs-bayes/training'
import { type Contestant, contestant } from './interleave.ts'

/** One training step of a classifier with 10 classes: forward, ELBO, backward, Adam. */
export interface TrainingTask {
  readonly model: tf.LayersModel
  /** Without the batch. */
  readonly inputShape: readonly number[]
  readonly batch: number
  readonly datasetSize: number
  readonly compiled: boolean
}

/** Our training step as users run it. */
export function trainingContestant({ model, inputShape, batch, datasetSize, compiled }: TrainingTask): Contestant {
  const optimizer = adam().start(trainableVariables(model))
  const eager = trainingStep({ model, likelihood: categorical(), optimizer, datasetSize, samples: 1, seed: 1 })
  const step = compiled ? compile(eager) : eager
  const x = tf.randomUniform([batch, ...inputShape], 0, 1, 'float32', 1)
  const y = tf.range(0, batch, 1, 'int32').mod(tf.scalar(10, 'int32')).toInt()
  const [beta, learningRate] = [tf.scalar(1), tf.scalar(1e-3)]
  let counter = 0
  return contestant(compiled ? 'tfjs-bayes compiled' : 'tfjs-bayes eager', () => {
    const count = tf.scalar(counter++, 'int32')
    const result = step(x, y, count, beta, learningRate)
    // Reading the loss waits for the step's end, as PyTorch's loss.item() does.
    const loss = result.nll.dataSync()[0]
    tf.dispose([result, count])
    return loss
  })
}
