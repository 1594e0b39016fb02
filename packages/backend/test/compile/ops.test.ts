import * as tf from '@tensorflow/tfjs'
import { afterAll, beforeAll, expect } from 'vitest'
import { compile } from '../../src/compile/index.ts'
import { expectSameNumbers } from './expectSameNumbers.ts'
import { nativeTest as test } from './nativeTest.ts'
import { opCases } from './opCases.ts'

/** Kernels of tfjs-node that the sweep cannot compare, each with its reason. */
const NOT_COMPARED = new Map([
  ['Multinomial', 'draws random numbers (fallbacks.test.ts)'],
  ['NonMaxSuppressionV3', 'the shape of its result depends on values (fallbacks.test.ts)'],
  ['NonMaxSuppressionV4', 'the shape of its result depends on values (fallbacks.test.ts)'],
  ['NonMaxSuppressionV5', 'the shape of its result depends on values (fallbacks.test.ts)'],
  ['StaticRegexReplace', 'works on strings (fallbacks.test.ts)'],
  ['Unique', 'the shape of its result depends on values (fallbacks.test.ts)'],
])

/** Runs a step until it is a graph, and compares the graph's result with the eager one. */
function expectSameAsGraph(name: string, step: (...args: tf.Tensor[]) => tf.Tensor, args: readonly tf.Tensor[]): void {
  const compiled = compile(step, { warn: () => undefined })
  const eager = compiled(...args)
  for (let i = 0; i < 2; i++) compiled(...args).dispose()
  const graph = compiled(...args)
  expect(compiled.graph.reason?.message).toBeUndefined()
  expect(compiled.graph.stats.graphCalls).toBe(1)
  expect(graph.dtype).toBe(eager.dtype)
  expect(graph.shape).toEqual(eager.shape)
  expectSameNumbers(graph.dataSync(), eager.dataSync(), { softmax: name === 'softmax' })
  compiled.dispose()
  eager.dispose()
  graph.dispose()
}

const cases = tf.getBackend() === 'tensorflow' ? opCases() : []
const usedKernels = new Set<string>()
const kernels = tf.getKernelsForBackend('tensorflow')
const kernelFunctions = kernels.map(({ kernelFunc }) => kernelFunc)

beforeAll(() => {
  for (const kernel of kernels) {
    const { kernelFunc, kernelName } = kernel
    kernel.kernelFunc = (parameters) => {
      usedKernels.add(kernelName)
      return kernelFunc(parameters)
    }
  }
})

afterAll(() => {
  kernels.forEach((kernel, i) => {
    kernel.kernelFunc = kernelFunctions[i]!
  })
})

test.each(cases)('$name: graph equals eager', ({ name, run, args }) => {
  expectSameAsGraph(name, run, args)
})

/** The cases again with their floating-point arguments cast, where tfjs-node can run them so. */
const castCases = (['int32', 'bool'] as const).flatMap((dtype) =>
  cases.flatMap(({ name, run, args }) => {
    if (!args.some((arg) => arg.dtype === 'float32') || name === 'exp') return [] // tfjs-node's exp of int32 disposes its argument
    const cast = args.map((arg) => (arg.dtype === 'float32' ? arg.mul(3).cast(dtype) : arg))
    try {
      tf.tidy(() => {
        run(...cast).dataSync()
      })
      return [{ name, run, args: cast, dtype }]
    } catch {
      return []
    }
  }),
)

test.each(castCases)('$name of $dtype: graph equals eager', ({ name, run, args }) => {
  expectSameAsGraph(name, run, args)
})

test('the sweep casts most cases', () => {
  expect(castCases.length).toBeGreaterThan(140)
})

/** The gradients of the sum of a case's result with respect to its floating-point arguments, in one vector. */
function gradients({ run, args }: (typeof cases)[number]): ((...args: tf.Tensor[]) => tf.Tensor) | undefined {
  const differentiable = args.flatMap(({ dtype }, i) => (dtype === 'float32' ? [i] : []))
  if (differentiable.length === 0) return undefined
  const step = (...given: tf.Tensor[]) => {
    const f = (...inputs: tf.Tensor[]) =>
      run(...given.map((arg, i) => (differentiable.includes(i) ? inputs[differentiable.indexOf(i)]! : arg)))
        .toFloat()
        .sum()
    return tf.concat(
      tf
        .grads(f)(differentiable.map((i) => given[i]!))
        .map((gradient) => gradient.flatten()),
    )
  }
  try {
    tf.tidy(() => {
      step(...args)
    })
    return step
  } catch {
    return undefined // tfjs has no gradient for it
  }
}

const gradientCases = cases.flatMap((opCase) => {
  const step = gradients(opCase)
  return step === undefined ? [] : [{ name: opCase.name, step, args: opCase.args }]
})

test.each(gradientCases)('$name: gradient by graph equals eager', ({ name, step, args }) => {
  expectSameAsGraph(name, step, args)
})

test('the sweep reaches every kernel of tfjs-node', () => {
  const missed = kernels.map(({ kernelName }) => kernelName).filter((name) => !usedKernels.has(name) && !NOT_COMPARED.has(name))
  expect(missed).toEqual([])
})
