import { InvalidOptionError } from '../errors.ts'
import { activationLowerings } from './layers/activationLayers.ts'
import { batchNormalization } from './layers/batchNormalization.ts'
import { identity } from './layers/identity.ts'
import { mergeLowerings } from './layers/merge.ts'
import { operatorLowerings } from './layers/operatorLayers.ts'
import { poolingLowerings } from './layers/pooling.ts'
import { reshapingLowerings } from './layers/reshaping.ts'
import type { Lowering } from './lowering.ts'

const lowerings = new Map<string, Lowering>(
  Object.entries({
    BatchNormalization: batchNormalization,
    // Only act in training.
    Dropout: identity,
    SpatialDropout1D: identity,
    GaussianDropout: identity,
    GaussianNoise: identity,
    AlphaDropout: identity,
    ...operatorLowerings,
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
 * @throws InvalidOptionError where the class name is empty
 */
export function registerLowering(className: string, lowering: Lowering): void {
  if (className === '')
    throw new InvalidOptionError('registerLowering: the class name is empty. Give what getClassName() of the layer gives.')
  lowerings.set(className, lowering)
}

/** The lowering of a layer class; undefined if there is none. */
export function loweringOf(className: string): Lowering | undefined {
  return lowerings.get(className)
}
