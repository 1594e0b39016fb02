import type * as tf from '@tensorflow/tfjs'
import type { Tape } from '../../ir/tape.ts'
import type { Value } from '../../ir/value.ts'
import { AXES_AS_INPUT } from '../../ops/reduction.ts'
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
    masked: 'refuses',
    limits: 'not along the batch; no masks',
    unsupported: ({ config, inputs }) => {
      const rank = inputs[0]!.shape.length
      return softmaxAxes(config, rank).includes(-rank) ? 'a softmax along the batch' : undefined
    },
    lower: ({ config, inputs, slots, tape }) => {
      const axes = softmaxAxes(config, slots[0]!.shape.length)
      if (axes.length === 1) return tape.op('Softmax', inputs, { axis: BigInt(axes[0]!) })
      const exponentials = tape.op('Exp', [tape.op('Sub', [inputs[0], reduced(tape, 'ReduceMax', inputs[0]!, axes)])])
      return tape.op('Div', [exponentials, reduced(tape, 'ReduceSum', exponentials, axes)])
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

/** Counted from the end. */
function softmaxAxes(config: tf.serialization.ConfigDict, rank: number): readonly number[] {
  return ([config['axis']].flat() as readonly number[]).map((axis) => (axis < 0 ? axis : axis - rank))
}

function reduced(tape: Tape, opType: 'ReduceMax' | 'ReduceSum', x: Value, axes: readonly number[]): Value {
  if (tape.opset >= AXES_AS_INPUT[opType]!) return tape.op(opType, [x, tape.ints(axes)], { keepdims: 1n })
  return tape.op(opType, [x], { axes: axes.map(BigInt), keepdims: 1n })
}

function rectified(tape: Tape, x: Value, maxValue: unknown): Value {
  return typeof maxValue === 'number' ? tape.op('Clip', [x, tape.scalar(0), tape.scalar(maxValue)]) : tape.op('Relu', [x])
}
