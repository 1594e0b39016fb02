import { InvalidOptionError } from '../errors.ts'
import { activationLowerings } from './layers/activationLayers.ts'
import { batchNormalization } from './layers/batchNormalization.ts'
import { dot } from './layers/dot.ts'
import { embedding } from './layers/embedding.ts'
import { identity } from './layers/identity.ts'
import { impossibleLayers } from './layers/impossibleLayers.ts'
import { layerNormalization } from './layers/layerNormalization.ts'
import { masking } from './layers/masking.ts'
import { mergeLowerings } from './layers/merge.ts'
import { operatorLowerings } from './layers/operatorLayers.ts'
import { paddingLowerings } from './layers/padding.ts'
import { poolingLowerings } from './layers/pooling.ts'
import { rescaling } from './layers/rescaling.ts'
import { reshapingLowerings } from './layers/reshaping.ts'
import { resizingLowerings } from './layers/resizing.ts'
import { separableConvolution } from './layers/separableConvolution.ts'
import type { Lowering } from './lowering.ts'
import { recurrentLowerings } from './recurrent/recurrentLowerings.ts'

const lowerings = new Map<string, Lowering>(
  Object.entries({
    BatchNormalization: batchNormalization,
    // Only act in training.
    Dropout: identity,
    SpatialDropout1D: identity,
    GaussianDropout: identity,
    GaussianNoise: identity,
    AlphaDropout: identity,
    Dot: dot,
    Embedding: embedding,
    LayerNormalization: layerNormalization,
    Masking: masking,
    Rescaling: rescaling,
    SeparableConv2D: separableConvolution,
    ...operatorLowerings,
    ...paddingLowerings,
    ...recurrentLowerings,
    ...resizingLowerings,
    ...poolingLowerings,
    ...activationLowerings,
    ...mergeLowerings,
    ...reshapingLowerings,
  }),
)

/**
 * Adds a lowering for a layer class, e.g. one of your own.
 *
 * ```ts
 * registerLowering('Negate', { leadingAxes: 'broadcast', lower: ({ inputs, tape }) => tape.op('Neg', inputs) })
 * ```
 *
 * @param className what the layer's `getClassName()` gives
 * @param lowering how it is written; replaces an earlier one of this name
 * @throws InvalidOptionError where the class name is empty, or the lowering lacks something
 */
export function registerLowering(className: string, lowering: Lowering): void {
  if (className === '')
    throw new InvalidOptionError('registerLowering: the class name is empty. Give what getClassName() of the layer gives.')
  const { lower, leadingAxes } = lowering ?? {}
  if (typeof lower !== 'function')
    throw new InvalidOptionError(
      `registerLowering('${className}'): lower is ${String(lower)}; expected a function that gives the layer's output.`,
    )
  if (leadingAxes !== 'broadcast' && leadingAxes !== 'any' && leadingAxes !== 'batch')
    throw new InvalidOptionError(
      `registerLowering('${className}'): leadingAxes is ${JSON.stringify(leadingAxes)}; expected 'broadcast', 'any' or 'batch'.`,
    )
  lowerings.set(className, lowering)
}

/** The lowering of a layer class; undefined if there is none. */
export function loweringOf(className: string): Lowering | undefined {
  return lowerings.get(className)
}

/** Why no graph can stand for a layer class of tfjs; undefined for all others. */
export function impossibleReasonOf(className: string): string | undefined {
  return Object.hasOwn(impossibleLayers, className) ? impossibleLayers[className] : undefined
}
