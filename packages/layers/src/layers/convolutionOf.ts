import type * as tf from '@tensorflow/tfjs'
import { InvalidLayerArgumentError } from '../errors.ts'
import type { Convolution } from '../operators/convolution.ts'

/**
 * Reads size, strides, dilation, padding and data format off a convolution of tf.layers, which has filled in its defaults.
 *
 * @throws InvalidLayerArgumentError for what tfjs's own layer refuses only when it is called, or silently gets wrong
 */
export function convolutionOf(layer: string, twin: tf.layers.Layer): Convolution {
  const config = twin.getConfig() as unknown as Convolution
  // A transposed convolution writes no dilation, a one-dimensional one no data format.
  const { kernelSize, strides, dilationRate = kernelSize.map(() => 1), padding, dataFormat = 'channelsLast' } = config
  const rates = typeof dilationRate === 'number' ? [dilationRate] : dilationRate
  for (const [name, sizes] of Object.entries({ kernelSize, strides, dilationRate: rates })) {
    if (!sizes.every((size) => Number.isSafeInteger(size) && size > 0)) {
      throw InvalidLayerArgumentError.of(layer, name, sizes, 'positive integers')
    }
  }
  if (padding !== 'valid' && padding !== 'same')
    throw InvalidLayerArgumentError.of(layer, 'padding', padding, `'valid' or 'same'`)
  if (rates.some((rate) => rate > 1) && strides.some((stride) => stride > 1)) {
    throw InvalidLayerArgumentError.of(
      layer,
      'dilationRate',
      rates,
      `1 where strides are not 1 (they are ${JSON.stringify(strides)})`,
    )
  }
  return { kernelSize, strides, dilationRate: rates, padding, dataFormat }
}
