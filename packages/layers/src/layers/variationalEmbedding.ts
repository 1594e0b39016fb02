import * as tf from '@tensorflow/tfjs'
import type { EstimatorName } from '../estimators/estimators.ts'
import { embeddingOperator } from '../operators/embeddingOperator.ts'
import { oneKernel, VariationalLayer } from './variationalLayer.ts'
import type { KlOptions, VariationalOptions } from './variationalOptions.ts'

type TfEmbeddingArgs = Parameters<typeof tf.layers.embedding>[0]

/** Arguments of {@link variationalEmbedding}: those of `tf.layers.embedding` without regularizers, whose place the prior takes, and those of every variational layer. */
export type VariationalEmbeddingArgs = Omit<TfEmbeddingArgs, 'embeddingsRegularizer' | 'activityRegularizer'> &
  Omit<VariationalOptions, 'bias'> &
  KlOptions & {
    /** Default 'localReparameterization'. Flipout, which turns inputs by signs, cannot work on indices. */
    readonly estimator?: Exclude<EstimatorName, 'flipout'>
  }

/** The embedding with a distribution over its table; see {@link variationalEmbedding}. */
export class VariationalEmbedding extends VariationalLayer {
  static className = 'VariationalEmbedding'
  readonly inputDim: number
  readonly outputDim: number
  private readonly mask: tf.layers.Layer['computeMask']

  constructor(args: VariationalEmbeddingArgs) {
    let twin: tf.layers.Layer | undefined
    super(args, (layer) => {
      const embeddingsInitializer = args.embeddingsInitializer ?? uniform(args.seed)
      twin = tf.layers.embedding({ ...args, name: layer, embeddingsInitializer })
      return oneKernel(embeddingOperator(args.inputDim, args.outputDim), twin, 'embeddings')
    })
    this.inputDim = args.inputDim
    this.outputDim = args.outputDim
    // Written with the input shape that the twin fills in, as a layer read from its config does.
    this.dtype ??= 'float32'
    this.mask = twin!.computeMask.bind(twin)
  }

  override computeMask(inputs: tf.Tensor | tf.Tensor[], mask?: tf.Tensor | tf.Tensor[]): tf.Tensor | tf.Tensor[] {
    return this.mask(inputs, mask)
  }

  /** An embedding takes inputs of any rank. */
  protected override warnOnIncompatibleInputShape(): void {}
}
tf.serialization.registerClass(VariationalEmbedding)

/**
 * A table of vectors whose entries have a posterior: row x of W with W ~ N(mu, sigma^2).
 *
 * With the local reparameterization trick each occurrence of an index is drawn by itself, also of the same index; with weight sampling an index has
 * one vector in the whole batch. Flipout is refused: it turns inputs by signs, and indices have none.
 *
 * @param args.inputDim number of indices, from 0 on; an index outside is the caller's mistake, as in `tf.layers.embedding`
 * @param args.outputDim size of the vectors
 * @param args.maskZero,inputLength as in `tf.layers.embedding`
 * @param args.embeddingsInitializer of mu; default uniform on [-0.05, 0.05]
 * @returns the layer: input [...] of indices, output [..., outputDim]
 * @throws InvalidLayerArgumentError, UnsupportedKlError, UnsupportedEstimatorError
 */
export function variationalEmbedding(args: VariationalEmbeddingArgs): VariationalEmbedding {
  return new VariationalEmbedding(args)
}

/** The default of `tf.layers.embedding`, with a seed. */
function uniform(seed: number | undefined): ReturnType<typeof tf.initializers.randomUniform> {
  return tf.initializers.randomUniform({ minval: -0.05, maxval: 0.05, ...(seed === undefined ? {} : { seed }) })
}
