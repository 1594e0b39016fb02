import * as tf from '@tensorflow/tfjs'
import { expect, test } from 'vitest'
import { InvalidLayerArgumentError } from '../errors.ts'
import { type VariationalConv1dArgs, variationalConv1d } from './variationalConv1d.ts'
import { type VariationalConv2dArgs, variationalConv2d } from './variationalConv2d.ts'
import {
  VariationalDepthwiseConv2D,
  type VariationalDepthwiseConv2dArgs,
  variationalDepthwiseConv2d,
} from './variationalDepthwiseConv2d.ts'

const name = 'bad'

test.each<[string, () => unknown, RegExp]>([
  ['no filters', () => variationalConv2d({ name, kernelSize: 2 } as VariationalConv2dArgs), /Layer "bad": .*config\.filters/],
  ['no kernelSize', () => variationalConv2d({ name, filters: 2 } as VariationalConv2dArgs), /Layer "bad": .*kernelSize/],
  ['three sizes for two axes', () => variationalConv2d({ name, filters: 2, kernelSize: [1, 2, 3] }), /Layer "bad": .*kernelSize/],
  [
    'an empty kernel',
    () => variationalConv2d({ name, filters: 1, kernelSize: 0 }),
    /Layer "bad": kernelSize is \[0,0\]; expected positive/,
  ],
  [
    'half a stride',
    () => variationalConv1d({ name, filters: 1, kernelSize: 2, strides: 0.5 }),
    /Layer "bad": strides is \[0.5\]/,
  ],
  [
    'no dilation',
    () => variationalConv2d({ name, filters: 1, kernelSize: 2, dilationRate: [1, 0] }),
    /Layer "bad": dilationRate is \[1,0\]/,
  ],
  ['no filters as a number', () => variationalConv2d({ name, filters: 0, kernelSize: 2 }), /Layer "bad": .*filters/],
  [
    'an input smaller than the kernel',
    () => variationalConv2d({ name, filters: 1, kernelSize: [2, 5] }).apply(tf.input({ shape: [4, 4, 1] })),
    /Layer "bad": the input shape is \[null,4,4,1\]; expected one of which the kernel leaves something: the output would be \[null,3,0,1\]/,
  ],
  [
    'strides and dilation',
    () => variationalConv2d({ name, filters: 1, kernelSize: 2, strides: 2, dilationRate: 2 }),
    /Layer "bad": dilationRate is \[2,2\]; expected 1 where strides/,
  ],
  [
    'causal padding',
    () => variationalConv1d({ name, filters: 1, kernelSize: 2, padding: 'causal' }),
    /Layer "bad": padding is "causal"; expected 'valid' or 'same'/,
  ],
  [
    'conv1d with channels first',
    () => variationalConv1d({ name, filters: 1, kernelSize: 2, dataFormat: 'channelsFirst' } as VariationalConv1dArgs),
    /Layer "bad": dataFormat is "channelsFirst"; expected 'channelsLast'/,
  ],
  [
    'a dilated depthwise convolution',
    () => variationalDepthwiseConv2d({ name, kernelSize: 2, dilationRate: 2 } as VariationalDepthwiseConv2dArgs),
    /Layer "bad": dilationRate is \[2,2\]; expected 1/,
  ],
  [
    'no multiplier',
    () => variationalDepthwiseConv2d({ name, kernelSize: 2, depthMultiplier: 0 }),
    /Layer "bad": depthMultiplier is 0/,
  ],
])('%s is refused with the layer’s name', (_, make, message) => {
  expect(make).toThrow(InvalidLayerArgumentError)
  expect(make).toThrow(message)
})

test('an input with another number of axes is refused with the layer’s name', () => {
  tf.tidy(() => {
    const layer = variationalConv2d({ name, filters: 1, kernelSize: 2 })
    expect(() => layer.apply(tf.ones([1, 4, 4]))).toThrow(/layer bad: expected ndim=4, found ndim=3/)
  })
})

test('the constraint of a depthwise kernel is saved, which tfjs’s own layer forgets', () => {
  const layer = variationalDepthwiseConv2d({ kernelSize: 2, depthwiseConstraint: 'nonNeg' })
  const copy = VariationalDepthwiseConv2D.fromConfig(
    VariationalDepthwiseConv2D as never,
    structuredClone(layer.getConfig()),
  ) as VariationalDepthwiseConv2D
  tf.tidy(() => {
    copy.apply(tf.ones([1, 2, 2, 1]))
    copy.kernelMu.write(tf.fill([2, 2, 1, 1], -1))
    expect(copy.kernelMu.read().max().dataSync()[0]).toBe(0)
  })
})
