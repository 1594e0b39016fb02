import * as tf from '@tensorflow/tfjs'
import { afterEach, expect, vi } from 'vitest'
import { compile, type FallbackCode, InvalidArgumentError } from '../../src/compile/index.ts'
import { useCpuBackend } from '../../src/cpu.ts'
import { useNativeBackend } from '../../src/native.ts'
import { statelessNormal } from '../../src/random/statelessNormal.ts'
import { useWasmBackend } from '../../src/wasm.ts'
import { nativeTest as test } from './nativeTest.ts'

/** A regression on one weight vector, whose step an obstacle can enter: it gets the prediction and may return another. */
function regression(obstacle: (prediction: tf.Tensor, call: number) => tf.Tensor) {
  const weights = tf.tidy(() => tf.variable(statelessNormal([5], 1, 0)))
  const optimizer = tf.train.momentum(0.05, 0.9)
  let call = 0
  const step = (x: tf.Tensor, y: tf.Tensor): tf.Scalar => {
    const now = call++
    return optimizer.minimize(() => obstacle(x.mul(weights).sum(1), now).squaredDifference(y).mean() as tf.Scalar, true, [
      weights,
    ]) as tf.Scalar
  }
  return { weights, step }
}

function batch(call: number): [tf.Tensor, tf.Tensor] {
  return [statelessNormal([4, 5], 2, call), statelessNormal([4], 3, call)]
}

interface Native {
  executeSingleOutput(op: string, attributes: object[], inputs: tf.Tensor[]): tf.Tensor
  executeMultipleOutputs(op: string, attributes: object[], inputs: tf.Tensor[], outputs: number): tf.Tensor[]
}
const native = () => tf.backend() as unknown as Native
const typeAttribute = (name: string) => ({ name, type: 4, value: 1 })

const captured = tf.tidy(() => Array.from({ length: 20 }, (_, i) => tf.keep(tf.scalar(1 + i / 10))))
const kept: tf.Tensor[] = []
const created: tf.Variable[] = []

afterEach(() => {
  tf.dispose(kept.splice(0))
  tf.dispose(created.splice(0))
})

const obstacles: { name: string; code: FallbackCode; message: RegExp; obstacle: Parameters<typeof regression>[0] }[] = [
  {
    name: 'values read in the step',
    code: 'values-read',
    message: /reads tensor values into JavaScript at .*fallbacks\.test\.ts:\d+/,
    obstacle: (prediction) => (prediction.max().dataSync()[0]! > 1e9 ? prediction.neg() : prediction),
  },
  {
    name: 'noise made in JavaScript',
    code: 'changing-constant',
    message:
      /value made in JavaScript at .*fallbacks\.test\.ts:\d+.* changes from call to call: \[.*, …\] of shape \[4\], then .*, used by Add; .*statelessNormal/,
    obstacle: (prediction, call) => prediction.add(tf.randomNormal([4], 0, 1, 'float32', call + 1)),
  },
  {
    name: 'a schedule in a constant',
    code: 'changing-constant',
    message: /made in JavaScript at .*fallbacks\.test\.ts:\d+.* \[2\], then \[3\], used by Mul; pass it as an argument$/,
    obstacle: (prediction, call) => prediction.mul(call),
  },
  {
    name: 'an attribute that changes',
    code: 'changing-constant',
    message: /attribute alpha of LeakyRelu changes from call to call: 0\.2, then 0\.3 at .*fallbacks\.test\.ts/,
    obstacle: (prediction, call) => tf.leakyRelu(prediction, call / 10),
  },
  {
    name: 'a captured tensor that is replaced',
    code: 'changing-capture',
    message:
      /tensor from outside the step is another one at each call, used by Mul at .*fallbacks\.test\.ts:\d+.*; pass it as an argument/,
    obstacle: (prediction, call) => prediction.mul(captured[call]!),
  },
  {
    name: 'a branch that flips',
    code: 'changing-ops',
    message: /the step runs (Relu|Tanh) of .* at .*fallbacks\.test\.ts:\d+.*, then the step runs (Relu|Tanh)/,
    obstacle: (prediction, call) => (call % 2 === 0 ? prediction.relu() : prediction.tanh()),
  },
  {
    name: 'a loop of changing length',
    code: 'changing-ops',
    message: /the step runs .*, then the step runs/,
    obstacle: (prediction, call) => {
      let out = prediction
      for (let i = 0; i < call; i++) out = out.add(out.sin())
      return out
    },
  },
  {
    name: 'a variable created inside',
    code: 'variable-created',
    message: /creates the variable \S+/,
    obstacle: (prediction) => {
      const scale = tf.variable(tf.scalar(2))
      created.push(scale)
      return prediction.mul(scale)
    },
  },
  {
    name: 'a variable disposed inside',
    code: 'variable-created',
    message: /disposes the variable \S+/,
    obstacle: (prediction) => {
      created.shift()?.dispose()
      return prediction.mul(2)
    },
  },
  {
    name: 'a tensor kept for later',
    code: 'kept-tensor',
    message: /Max's output outlives the step without being a result at .*fallbacks\.test\.ts:\d+/,
    obstacle: (prediction) => {
      kept.push(tf.keep(prediction.max()))
      return prediction
    },
  },
  {
    name: 'a tensor of JavaScript values kept for later',
    code: 'kept-tensor',
    message: /a tensor of JavaScript values outlives the step without being a result at .*fallbacks\.test\.ts:\d+/,
    obstacle: (prediction) => {
      const factor = tf.keep(tf.scalar(2))
      kept.push(factor)
      return prediction.mul(factor)
    },
  },
  {
    name: 'a shape that depends on values',
    code: 'unsupported-op',
    message: /shape of Unique.* depends on values at .*fallbacks\.test\.ts:\d+/,
    obstacle: (prediction) => prediction.mul(tf.unique(tf.tensor1d([1, 1, 2])).values.size),
  },
  {
    name: 'suppressed boxes, whose number depends on values',
    code: 'unsupported-op',
    message: /shape of NonMaxSuppressionV3.* depends on values at .*fallbacks\.test\.ts:\d+/,
    obstacle: (prediction) => prediction.mul(tf.image.nonMaxSuppression(tf.tensor2d([[0, 0, 1, 1]]), tf.tensor1d([1]), 1).size),
  },
  {
    name: 'a resource handle',
    code: 'unsupported-op',
    message: /VarHandleOp works on a resource handle.* at .*fallbacks\.test\.ts:\d+/,
    obstacle: (prediction) => {
      const handle = native().executeSingleOutput(
        'VarHandleOp',
        [typeAttribute('dtype'), { name: 'shape', type: 5, value: [] }],
        [],
      )
      return prediction.mul(handle.size)
    },
  },
  {
    name: 'an op without a result',
    code: 'unsupported-op',
    message: /NoOp has no result, only an effect outside the graph at .*fallbacks\.test\.ts:\d+/,
    obstacle: (prediction) => {
      native().executeMultipleOutputs('NoOp', [], [], 0)
      return prediction
    },
  },
  {
    name: 'an op that is not among those of a graph',
    code: 'unsupported-op',
    message: /GuaranteeConst is not among the ops that a compiled step can hold at .*fallbacks\.test\.ts:\d+/,
    obstacle: (prediction) =>
      prediction.add(native().executeSingleOutput('GuaranteeConst', [typeAttribute('T')], [tf.scalar(1)])),
  },
  {
    name: 'a seeded stream inside TensorFlow',
    code: 'unsupported-op',
    message: /Multinomial draws from a hidden seeded stream.* at .*fallbacks\.test\.ts:\d+/,
    obstacle: (prediction) =>
      prediction.add(
        tf
          .multinomial(tf.tensor1d([0, 0]), 4, 7)
          .toFloat()
          .mul(0),
      ),
  },
]

test.each(obstacles)('$name keeps the step eager, and training goes on right', ({ code, message, obstacle }) => {
  for (let i = 0; i < 3; i++) created.push(tf.variable(tf.scalar(i)))
  const eager = regression(obstacle)
  const expected = Array.from({ length: 8 }, (_, call) => tf.tidy(() => eager.step(...batch(call)).dataSync()[0]))
  for (let i = created.length; i < 8; i++) created.push(tf.variable(tf.scalar(i)))
  const other = regression(obstacle)
  const warn = vi.fn()
  const compiled = compile(other.step, { warn })
  const losses = Array.from({ length: 8 }, (_, call) => tf.tidy(() => compiled(...batch(call)).dataSync()[0]))
  expect(losses).toEqual(expected)
  expect(other.weights.dataSync()).toEqual(eager.weights.dataSync())
  expect(compiled.graph.reason).toMatchObject({ code, message: expect.stringMatching(message) })
  expect(compiled.graph.stats).toMatchObject({ graphCalls: 0, graphs: [] })
  expect(warn).toHaveBeenCalledTimes(1)
  expect(warn).toHaveBeenCalledWith(expect.stringMatching(message))
})

test('a step that returns something else than tensors stays eager', () => {
  const compiled = compile(((x: tf.Tensor) => x.size) as unknown as (x: tf.Tensor) => tf.Tensor, { warn: () => undefined })
  const x = tf.ones([3])
  for (let i = 0; i < 5; i++) expect(compiled(x)).toBe(3)
  expect(compiled.graph.reason).toMatchObject({
    code: 'unsupported-value',
    message: expect.stringMatching(/returns something else/),
  })
})

test('what a step returns in a form that no graph gives back is whole at each call, an argument among it too', () => {
  const nested = (x: tf.Tensor) => ({ x, more: { twice: x.mul(2) }, nothing: undefined })
  const compiled = compile(nested as unknown as (x: tf.Tensor) => tf.Tensor, { warn: () => undefined })
  for (let i = 0; i < 5; i++) {
    const { x, more } = compiled(tf.scalar(i)) as unknown as ReturnType<typeof nested>
    expect([x.dataSync()[0], more.twice.dataSync()[0]]).toEqual([i, 2 * i])
  }
  expect(compiled.graph.reason).toMatchObject({ code: 'unsupported-value' })
})

test('an asynchronous step is refused at its first call', () => {
  const compiled = compile((async (x: tf.Tensor) => {
    await Promise.resolve()
    return x.add(1)
  }) as unknown as (x: tf.Tensor) => tf.Tensor)
  expect(() => compiled(tf.scalar(1))).toThrow(InvalidArgumentError)
  expect(() => compiled(tf.scalar(1))).toThrow(/is synchronous; this one returned a promise/)
})

test('arguments and captured tensors of strings keep a step eager and stay whole', () => {
  const texts = tf.tensor1d(['one text that is longer than a few characters', 'two'])
  const replace = (text: tf.Tensor) => tf.string.staticRegexReplace(text, 'o', '0')
  const byArgument = compile(replace, { warn: () => undefined })
  for (let i = 0; i < 5; i++)
    expect(byArgument(texts).dataSync()).toEqual(['0ne text that is l0nger than a few characters', 'tw0'])
  expect(byArgument.graph.reason).toMatchObject({ code: 'unsupported-value', message: 'an argument holds strings' })
  const byCapture = compile(() => replace(texts), { warn: () => undefined })
  for (let i = 0; i < 5; i++) expect(byCapture().dataSync()).toEqual(['0ne text that is l0nger than a few characters', 'tw0'])
  expect(byCapture.graph.reason).toMatchObject({
    code: 'unsupported-value',
    message: expect.stringMatching(/tensor of strings from outside at/),
  })
})

test('where no graph can be written to disk a step stays eager', () => {
  const { step } = regression((prediction) => prediction)
  const compiled = compile(step, { warn: () => undefined })
  const temporary = process.env['TMPDIR']
  process.env['TMPDIR'] = '/no/such/folder'
  try {
    for (let call = 0; call < 5; call++) tf.tidy(() => compiled(...batch(call)))
  } finally {
    if (temporary === undefined) delete process.env['TMPDIR']
    else process.env['TMPDIR'] = temporary
  }
  expect(compiled.graph.reason).toMatchObject({ code: 'load-failed', message: expect.stringContaining('/no/such/folder') })
  expect(compiled.graph.stats).toMatchObject({ eagerCalls: 3, recordedCalls: 2, graphCalls: 0 })
})

test('a graph that TensorFlow loads but does not run gives way to the eager step, and no step is lost', () => {
  const eager = regression((prediction) => prediction)
  const other = regression((prediction) => prediction)
  const compiled = compile(other.step, { warn: () => undefined })
  const backend = tf.backend() as unknown as { binding: object }
  const { binding } = backend
  const refusing = () => {
    throw new Error('Session fail to run with error: no kernel')
  }
  backend.binding = Object.create(binding, { runSavedModel: { value: refusing } }) as object
  try {
    for (let call = 0; call < 6; call++) tf.tidy(() => [compiled(...batch(call)), eager.step(...batch(call))])
  } finally {
    backend.binding = binding
  }
  expect(compiled.graph.reason).toMatchObject({
    code: 'load-failed',
    message: expect.stringMatching(/does not run the graph: .*no kernel/),
  })
  expect(other.weights.dataSync()).toEqual(eager.weights.dataSync())
})

test('an unseeded draw by TensorFlow is a graph, with new numbers at each call', () => {
  const logits = tf.zeros([1, 1000]) as tf.Tensor2D
  const compiled = compile(() => tf.multinomial(logits, 20))
  const draws = Array.from({ length: 8 }, () => compiled().dataSync().join())
  expect(compiled.graph.stats.graphCalls).toBe(5)
  expect(new Set(draws).size).toBe(8)
  compiled.dispose()
})

test.each(['wasm', 'cpu'] as const)('on the %s backend a step is eager and says so', async (name) => {
  const { step, weights } = regression((prediction) => prediction)
  const compiled = compile(step)
  const native = regression((prediction) => prediction)
  for (let i = 0; i < 6; i++) native.step(...batch(i))
  const expected = native.weights.dataSync()
  try {
    if (name === 'wasm') await useWasmBackend()
    else await useCpuBackend()
    for (let i = 0; i < 6; i++) compiled(...batch(i))
    expect(compiled.graph.reason).toMatchObject({ code: 'backend', message: expect.stringContaining(name) })
    expect(compiled.graph.compiled).toBe(false)
    const actual = weights.dataSync()
    actual.forEach((value, i) => {
      expect(value).toBeCloseTo(expected[i]!, 5)
    })
  } finally {
    await useNativeBackend()
  }
  for (let i = 6; i < 10; i++) compiled(...batch(i))
  expect(compiled.graph.reason).toBeUndefined()
  expect(compiled.graph.stats.graphCalls).toBeGreaterThan(0)
  compiled.dispose()
})
