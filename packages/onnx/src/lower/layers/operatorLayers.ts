import { hasActivation, lowerActivation } from '../activation.ts'
import type { Lowering } from '../lowering.ts'
import { activationMoments, activationWithoutMoments } from '../moments/activationMoments.ts'
import { type OperatorLowering, operators } from '../operators/operators.ts'
import { squaredWeight } from '../weights.ts'

const conv1d = layerOf(operators.conv1d)

/** The layers of tfjs that are an operator with weights, a bias and an activation. */
export const operatorLowerings: Readonly<Record<string, Lowering>> = {
  Dense: layerOf(operators.dense),
  Conv1D: {
    ...conv1d,
    limits: 'dataFormat "channelsLast" only: tfjs leaves the channels last behind it, whatever it says',
    unsupported: (call) =>
      (call.layer as unknown as { readonly dataFormat: string }).dataFormat === 'channelsFirst'
        ? 'dataFormat "channelsFirst", whose output tfjs leaves with the channels last'
        : conv1d.unsupported?.(call),
  },
  Conv2D: layerOf(operators.conv2d),
  Conv3D: layerOf(operators.conv3d),
  Conv2DTranspose: layerOf(operators.conv2dTranspose),
  Conv3DTranspose: layerOf(operators.conv3dTranspose),
  DepthwiseConv2D: layerOf(operators.depthwiseConv2d, 'depthwise_kernel'),
}

function layerOf(operator: OperatorLowering, kernelName: string = 'kernel'): Lowering {
  return {
    leadingAxes: operator.leadingAxes,
    ...(operator.limits == null ? {} : { limits: operator.limits }),
    unsupported: ({ config, inputs }) =>
      operator.unsupported?.(config, inputs[0]!) ??
      (hasActivation(config['activation']) ? undefined : `activation ${JSON.stringify(config['activation'])}`),
    lower: ({ config, inputs, tape, weight }) => {
      const y = operator.apply(tape, config, inputs[0]!, weight(kernelName, operator.arrange)!, weight('bias'))
      return lowerActivation(tape, config['activation'] as string, y)
    },
    unsupportedMoments: ({ config }) => activationWithoutMoments(config['activation'] as string),
    // The variance of a weighted sum of independent elements is the sum weighted by the squares.
    moments: ({ config, inputs, variances, tape, weight, weightData, layerConstant }) => {
      const mean = operator.apply(tape, config, inputs[0]!, weight(kernelName, operator.arrange)!, weight('bias'))
      const squared = layerConstant(`${kernelName}_squared`, () => squaredWeight(operator.arrange(weightData(kernelName)!)))
      const variance = tape.scope('variance', () => operator.apply(tape, config, variances[0]!, squared, undefined))
      return activationMoments(tape, config['activation'] as string, { mean, variance })
    },
  }
}
