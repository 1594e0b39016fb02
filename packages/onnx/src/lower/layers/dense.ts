import { hasActivation, lowerActivation } from '../activation.ts'
import type { Lowering } from '../lowering.ts'
import { denseProduct } from '../operators/denseProduct.ts'

/** Dense: activation(x * kernel + bias) over the last axis. */
export const dense: Lowering = {
  leadingAxes: 'any',
  unsupported: ({ config }) =>
    hasActivation(config['activation']) ? undefined : `activation ${JSON.stringify(config['activation'])}`,
  lower: ({ config, inputs, tape, weight }) => {
    const y = denseProduct(tape, inputs[0]!, weight('kernel')!, weight('bias'))
    return lowerActivation(tape, config['activation'] as string, y)
  },
}
