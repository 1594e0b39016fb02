import type * as tf from '@tensorflow/tfjs'
import { deserializeDistribution, type SerializedDistribution, serializeDistribution } from '@tfjs-bayes/distributions'
import { UnsupportedFormatError } from '../errors.ts'
import type { ResolvedOptions } from './variationalOptions.ts'

/** Raised when the saved form changes in a way that older readers would get wrong. Version 1 had no trainable or centred prior, and no deterministic bias. */
const FORMAT_VERSION = 2
const READABLE: readonly unknown[] = [1, FORMAT_VERSION]

/** The options of a variational layer as they stand in its config. */
export function serializeOptions(options: ResolvedOptions): tf.serialization.ConfigDict {
  return {
    estimator: options.estimator,
    kl: options.klMethod,
    prior: serializeDistribution(options.prior) as unknown as tf.serialization.ConfigDict,
    trainablePrior: options.trainablePrior,
    centredPrior: options.centredPrior,
    bias: options.bias,
    initialSigma: options.initialSigma,
    datasetSize: options.datasetSize ?? null,
    seed: options.seed,
    inferenceMode: options.inferenceMode,
    formatVersion: FORMAT_VERSION,
  }
}

/**
 * Turns the config of a variational layer into arguments of its constructor.
 *
 * @throws UnsupportedFormatError where another version of the format wrote it
 */
export function argsOfConfig({ formatVersion, prior, ...rest }: tf.serialization.ConfigDict): tf.serialization.ConfigDict {
  if (!READABLE.includes(formatVersion)) {
    throw new UnsupportedFormatError(String(rest['name']), formatVersion, `formatVersion ${READABLE.join(' or ')}`)
  }
  const args = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== null))
  return {
    ...args,
    prior: deserializeDistribution(prior as unknown as SerializedDistribution) as unknown as tf.serialization.ConfigDict,
  }
}
