import type * as tf from '@tensorflow/tfjs'
import { type CompiledStep, compile } from './index.ts'

declare const x: tf.Tensor2D
declare const rate: tf.Scalar

const loss: CompiledStep<[inputs: tf.Tensor2D, rate: tf.Scalar], tf.Scalar> = compile(
  (inputs: tf.Tensor2D, factor: tf.Scalar) => inputs.sum().mul(factor) as tf.Scalar,
)
const one: tf.Scalar = loss(x, rate)
const record: { readonly loss: tf.Scalar; readonly accuracy: tf.Tensor } = compile((inputs: tf.Tensor2D) => ({
  loss: one,
  accuracy: inputs,
}))(x)
const list: tf.Tensor[] = compile((inputs: tf.Tensor2D) => [inputs, one])(x)
const nothing: CompiledStep<[inputs: tf.Tensor2D], void> = compile((inputs: tf.Tensor2D) => {
  inputs.print()
})
void [record, list, nothing]

// @ts-expect-error the arguments are those of the step
loss(x)
// @ts-expect-error a scalar is no matrix
loss(rate, rate)
// @ts-expect-error numbers change from call to call unseen: they must come as tensors
compile((inputs: tf.Tensor2D, factor: number) => inputs.mul(factor))
// @ts-expect-error a graph returns tensors
compile((inputs: tf.Tensor2D) => inputs.size)
// @ts-expect-error a step is synchronous
compile(async (inputs: tf.Tensor2D) => inputs.square())
