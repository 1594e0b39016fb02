import type { Value } from '../../ir/value.ts'
import { hasActivation, lowerActivation } from '../activation.ts'
import type { Lowering, LoweringCall } from '../lowering.ts'
import { depthwiseConvolution } from '../operators/convolution.ts'
import { pointwiseConvolution } from '../operators/operators.ts'
import { unsupportedWindow, windowAttributes, windowSettings, withChannelsFirst } from '../windows.ts'

/** A convolution of each channel, then one across the channels of each position. */
export const separableConvolution: Lowering = {
  leadingAxes: 'batch',
  limits: 'with dataFormat "channelsFirst" only without bias: tfjs adds the bias along another axis than the channels',
  unsupported: ({ config, inputs }) => {
    if (config['dataFormat'] === 'channelsFirst' && config['useBias'] === true)
      return 'a bias with dataFormat "channelsFirst", which tfjs adds along another axis than the channels; set useBias: false'
    if (!hasActivation(config['activation'])) return `activation ${JSON.stringify(config['activation'])}`
    return unsupportedWindow(windowSettings(config, 'kernelSize', 2), inputs[0]!)
  },
  lower: (call) => {
    const { config, inputs, tape } = call
    if (config['dataFormat'] !== 'channelsFirst') return channelsLast(call, inputs[0]!)
    // As tfjs does it, activation included.
    const last = tape.op('Transpose', [inputs[0]], { perm: [0n, 2n, 3n, 1n] })
    return tape.op('Transpose', [channelsLast(call, last)], { perm: [0n, 3n, 1n, 2n] })
  },
}

function channelsLast({ config, tape, weight }: LoweringCall, x: Value): Value {
  const settings = { ...windowSettings(config, 'kernelSize', 2), channelsFirst: false }
  const depthwise = withChannelsFirst(tape, x, settings, (first) =>
    tape.op('Conv', [first, weight('depthwise_kernel', depthwiseConvolution.arrange)], {
      ...windowAttributes(first, settings),
      group: BigInt(first.shape[1] as number),
    }),
  )
  const kernel = weight('pointwise_kernel', pointwiseConvolution.arrange)!
  const y = pointwiseConvolution.apply(tape, { ...config, dataFormat: 'channelsLast' }, depthwise, kernel, weight('bias'))
  return lowerActivation(tape, config['activation'] as string, y)
}
