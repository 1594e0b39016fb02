import type { Value } from '../../ir/value.ts'
import { hasActivation, lowerActivation } from '../activation.ts'
import type { Lowering, LoweringCall } from '../lowering.ts'

/** The layers that are nothing but an activation. */
export const activationLowerings: Readonly<Record<string, Lowering>> = {
  Activation: {
    leadingAxes: 'any',
    unsupported: ({ config }) =>
      hasActivation(config['activation']) ? undefined : `activation ${JSON.stringify(config['activation'])}`,
    lower: ({ config, inputs, tape }) => lowerActivation(tape, config['activation'] as string, inputs[0]!),
  },
  ReLU: elementwise(({ config, inputs: [x], tape }) => {
    const maxValue = config['maxValue']
    return typeof maxValue === 'number' ? tape.op('Clip', [x, tape.scalar(0), tape.scalar(maxValue)]) : tape.op('Relu', [x])
  }),
  LeakyReLU: elementwise(({ config, inputs, tape }) => tape.op('LeakyRelu', inputs, { alpha: config['alpha'] as number })),
  ELU: elementwise(({ inputs, tape }) => tape.op('Elu', inputs)),
  ThresholdedReLU: elementwise(({ config, inputs, tape }) =>
    tape.op('ThresholdedRelu', inputs, { alpha: config['theta'] as number }),
  ),
  PReLU: elementwise(({ inputs, tape, weight }) => tape.op('PRelu', [inputs[0], weight('alpha')])),
  Softmax: {
    leadingAxes: 'any',
    lower: ({ config, inputs, slots, tape }) => {
      const axis = [config['axis']].flat()[0] as number
      return tape.op('Softmax', inputs, { axis: BigInt(axis < 0 ? axis : axis - slots[0]!.shape.length) })
    },
  },
}

function elementwise(lower: (call: LoweringCall) => Value): Lowering {
  return { leadingAxes: 'broadcast', lower }
}
