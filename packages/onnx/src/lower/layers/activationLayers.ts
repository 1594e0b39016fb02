import type { Tape } from '../../ir/tape.ts'
import type { Value } from '../../ir/value.ts'
import { hasActivation, lowerActivation } from '../activation.ts'
import type { Lowering, LoweringCall } from '../lowering.ts'
import { activationMoments, activationWithoutMoments } from '../moments/activationMoments.ts'
import { leakyMoments } from '../moments/gaussianMoments.ts'
import { quadratureMoments } from '../moments/quadratureMoments.ts'

/** The layers that are nothing but an activation. */
export const activationLowerings: Readonly<Record<string, Lowering>> = {
  Activation: {
    leadingAxes: 'any',
    unsupported: ({ config }) =>
      hasActivation(config['activation']) ? undefined : `activation ${JSON.stringify(config['activation'])}`,
    lower: ({ config, inputs, tape }) => lowerActivation(tape, config['activation'] as string, inputs[0]!),
    unsupportedMoments: ({ config }) => activationWithoutMoments(config['activation'] as string),
    moments: ({ config, inputs, variances, tape }) =>
      activationMoments(tape, config['activation'] as string, { mean: inputs[0]!, variance: variances[0]! }),
  },
  ReLU: {
    leadingAxes: 'broadcast',
    lower: ({ config, inputs, tape }) => rectified(tape, inputs[0]!, config['maxValue']),
    moments: ({ config, inputs, variances, tape }) => {
      const maxValue = config['maxValue']
      const x = { mean: inputs[0]!, variance: variances[0]! }
      return typeof maxValue === 'number'
        ? quadratureMoments(tape, x, (values) => rectified(tape, values, maxValue))
        : activationMoments(tape, 'relu', x)
    },
  },
  LeakyReLU: {
    leadingAxes: 'broadcast',
    lower: ({ config, inputs, tape }) => tape.op('LeakyRelu', inputs, { alpha: config['alpha'] as number }),
    moments: ({ config, inputs, variances, tape }) =>
      leakyMoments(tape, { mean: inputs[0]!, variance: variances[0]! }, tape.scalar(config['alpha'] as number)),
  },
  ELU: elementwise(({ inputs, tape }) => tape.op('Elu', inputs)),
  ThresholdedReLU: elementwise(({ config, inputs, tape }) =>
    tape.op('ThresholdedRelu', inputs, { alpha: config['theta'] as number }),
  ),
  PReLU: {
    leadingAxes: 'broadcast',
    lower: ({ inputs, tape, weight }) => tape.op('PRelu', [inputs[0], weight('alpha')]),
    moments: ({ inputs, variances, tape, weight }) =>
      leakyMoments(tape, { mean: inputs[0]!, variance: variances[0]! }, weight('alpha')!),
  },
  Softmax: {
    leadingAxes: 'any',
    lower: ({ config, inputs, slots, tape }) => {
      const axis = [config['axis']].flat()[0] as number
      return tape.op('Softmax', inputs, { axis: BigInt(axis < 0 ? axis : axis - slots[0]!.shape.length) })
    },
  },
}

/** A layer whose moments are found by quadrature. */
function elementwise(lower: (call: LoweringCall) => Value): Lowering {
  return {
    leadingAxes: 'broadcast',
    lower,
    moments: (call) =>
      quadratureMoments(call.tape, { mean: call.inputs[0]!, variance: call.variances[0]! }, (values) =>
        lower({ ...call, inputs: [values] }),
      ),
  }
}

function rectified(tape: Tape, x: Value, maxValue: unknown): Value {
  return typeof maxValue === 'number' ? tape.op('Clip', [x, tape.scalar(0), tape.scalar(maxValue)]) : tape.op('Relu', [x])
}
