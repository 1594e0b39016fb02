import * as tf from '@tensorflow/tfjs'
import { expect, vi } from 'vitest'
import { CompiledStepError, compile, InvalidArgumentError, StaleGraphError } from '../../src/compile/index.ts'
import { statelessNormal } from '../../src/random/statelessNormal.ts'
import { adamLoss, adamTask } from './adamTask.ts'
import { nativeTest as test } from './nativeTest.ts'
import { batch, lossOf, task, valuesOf } from './task.ts'

test('eager steps, predictions and reads between graph steps see and make the right weights', () => {
  const eager = task()
  const other = task()
  const second = task()
  const compiled = compile(other.step)
  const alsoCompiled = compile(second.step)
  for (let call = 0; call < 24; call++) {
    const expected = lossOf(eager.step, call)
    expect(lossOf(call % 5 === 4 ? other.step : compiled, call)).toBe(expected)
    expect(lossOf(alsoCompiled, call)).toBe(expected)
    const predict = ({ variables }: typeof eager) =>
      tf.tidy(() => batch(call)[0].matMul(variables[0]!).tanh().matMul(variables[1]!).dataSync())
    expect(predict(other)).toEqual(predict(eager))
    expect(predict(second)).toEqual(predict(eager))
  }
  expect(compiled.graph.stats.graphCalls).toBeGreaterThan(10)
  compiled.dispose()
  alsoCompiled.dispose()
})

test('weights that are set from outside are used by the next graph step', () => {
  const eager = task()
  const other = task()
  const compiled = compile(other.step)
  for (let call = 0; call < 12; call++) {
    if (call % 4 === 0) {
      tf.tidy(() => {
        for (const { variables } of [eager, other]) variables[0]!.assign(statelessNormal([4, 8], 90, call) as tf.Tensor)
      })
    }
    expect(lossOf(compiled, call)).toBe(lossOf(eager.step, call))
  }
  expect(valuesOf(other)).toEqual(valuesOf(eager))
  compiled.dispose()
})

test('each argument shape has a graph of its own over the same variables', () => {
  const eager = task()
  const other = task()
  const compiled = compile(other.step)
  for (let call = 0; call < 30; call++) {
    const rows = [6, 6, 5][call % 3]
    expect(lossOf(compiled, call, rows)).toBe(lossOf(eager.step, call, rows))
  }
  expect(valuesOf(other)).toEqual(valuesOf(eager))
  expect(compiled.graph.stats).toMatchObject({ eagerCalls: 1, recordedCalls: 4, graphCalls: 25 })
  expect(compiled.graph.stats.graphs.map(({ key }) => key)).toEqual(['float32/1[6,4] int32/3[]', 'float32/1[5,4] int32/3[]'])
  compiled.dispose()
})

test('the number of graphs is bounded: other shapes are eager, and take the place of a graph only when it was idle for long', () => {
  const eager = task()
  const other = task()
  const compiled = compile(other.step, { maxGraphs: 2 })
  for (let call = 0; call < 40; call++)
    expect(lossOf(compiled, call, 2 + (call % 4))).toBe(lossOf(eager.step, call, 2 + (call % 4)))
  expect(compiled.graph.stats.graphs).toHaveLength(2)
  for (let call = 0; call < 220; call++) lossOf(compiled, call, 3)
  for (let call = 0; call < 4; call++) lossOf(compiled, call, 9)
  const keys = compiled.graph.stats.graphs.map(({ key }) => key)
  expect(keys).toHaveLength(2)
  expect(keys.at(-1)).toBe('float32/1[9,4] int32/3[]')
  compiled.dispose()
})

test.each([0, 1, 2])('an exception in the step of call %i leaves everything as an eager step would', (when) => {
  let call = 0
  const failing = () =>
    task((prediction) => {
      if (call === when) throw new Error('no more data')
      return prediction
    })
  const eager = failing()
  const other = failing()
  const compiled = compile(other.step)
  const backend = tf.backend() as unknown as { binding: unknown }
  const { binding } = backend
  for (; call < 10; call++) {
    const outcome = (step: typeof eager.step) => {
      const tensors = tf.memory().numTensors
      let loss: number | string
      try {
        loss = lossOf(step, call)
      } catch (error) {
        loss = (error as Error).message
      }
      return { loss, more: tf.memory().numTensors - tensors } // an exception makes tfjs lose what its tape had saved
    }
    const expected = outcome(eager.step)
    expect(outcome(compiled)).toEqual(expected)
    if (call === when) expect(expected.loss).toBe('no more data')
    expect(valuesOf(other)).toEqual(valuesOf(eager))
    expect(backend.binding).toBe(binding)
    expect(Object.hasOwn(backend, 'write')).toBe(false)
  }
  expect(compiled.graph.reason).toBeUndefined()
  expect(compiled.graph.stats.graphCalls).toBeGreaterThan(3)
  expect(other.optimizer.iterations).toBe(eager.optimizer.iterations)
  compiled.dispose()
})

test('a failure inside TensorFlow is a clear error, no variable changes, and the graph works on', () => {
  const table = statelessNormal([10, 3], 1, 0)
  const weights = tf.variable(tf.zeros([3]))
  const compiled = compile((rows: tf.Tensor) => {
    const picked = tf.gather(table, rows as tf.Tensor1D)
    weights.assign(weights.add(picked.sum(0)))
    return picked
  })
  const call = (...rows: number[]) => tf.tidy(() => compiled(tf.tensor1d(rows, 'int32')).dataSync())
  for (let i = 0; i < 5; i++) call(1, 2)
  const before = weights.dataSync()
  const iteration = () => call(3, 10)
  expect(iteration).toThrow(CompiledStepError)
  expect(iteration).toThrow(
    /no variable was changed.*indices\[1\] = 10 is not in \[0, 10\).*GatherV2 at .*consistency\.test\.ts:\d+/,
  )
  expect(weights.dataSync()).toEqual(before)
  const graphCalls = compiled.graph.stats.graphCalls
  expect(call(3, 9)).toEqual(tf.tidy(() => tf.gather(table, [3, 9]).dataSync()))
  expect(compiled.graph.stats.graphCalls).toBe(graphCalls + 1)
  compiled.dispose()
})

test('a failure in the first run of a graph that the step itself would have had too is the step’s', () => {
  const table = statelessNormal([10, 3], 1, 0)
  const compiled = compile((rows: tf.Tensor) => tf.gather(table, rows as tf.Tensor1D))
  const call = (...rows: number[]) => tf.tidy(() => compiled(tf.tensor1d(rows, 'int32')).dataSync())
  for (let i = 0; i < 3; i++) call(1, 2)
  expect(() => call(3, 10)).toThrow(/index value 10 is not in \[0, 9\]/)
  call(3, 9)
  expect(compiled.graph.reason).toBeUndefined()
  expect(compiled.graph.stats.graphCalls).toBe(1)
  compiled.dispose()
})

test('NaN goes through a graph as through eager steps', () => {
  const eager = task()
  const other = task()
  const compiled = compile(other.step)
  for (let call = 0; call < 10; call++) {
    const poison = (step: typeof eager.step) =>
      tf.tidy(() => {
        const [x, counter] = batch(call)
        return step(call === 6 ? x.mul(Number.NaN) : x, counter).dataSync()[0]
      })
    expect(poison(compiled)).toBe(poison(eager.step))
  }
  expect(valuesOf(other)).toEqual(valuesOf(eager))
  expect(valuesOf(other)[0]![0]).toBeNaN()
  compiled.dispose()
})

test('training resumed from a checkpoint ends with the bits of training that never stopped', async () => {
  const through = task()
  const compiled = compile(through.step)
  for (let call = 0; call < 30; call++) lossOf(compiled, call)

  const first = task()
  const before = compile(first.step)
  for (let call = 0; call < 17; call++) lossOf(before, call)
  const weights = valuesOf(first)
  const slots = (await first.optimizer.getWeights()).map(({ name, tensor }) => ({ name, tensor: tensor.clone() }))
  before.dispose()
  const resumed = task()
  resumed.variables.forEach((variable, i) => {
    variable.assign(tf.tensor(weights[i]!, variable.shape))
  })
  await resumed.optimizer.setWeights(slots)
  const after = compile(resumed.step)
  for (let call = 17; call < 30; call++) lossOf(after, call)
  expect(valuesOf(resumed)).toEqual(valuesOf(through))
  expect(resumed.optimizer.iterations).toBe(30)
  expect(after.graph.stats.graphCalls).toBe(10)
  after.dispose()
  compiled.dispose()
})

test('a saved and loaded model has the weights of the graph’s steps', async () => {
  const model = tf.sequential({
    layers: [tf.layers.dense({ inputShape: [4], units: 3, activation: 'relu' }), tf.layers.dense({ units: 1 })],
  })
  const optimizer = tf.train.adam(0.05)
  const variables = model.trainableWeights.map((weight) => weight.read() as tf.Variable)
  const compiled = compile(
    (x: tf.Tensor) =>
      optimizer.minimize(() => (model.apply(x) as tf.Tensor).square().mean() as tf.Scalar, true, variables) as tf.Scalar,
  )
  const x = statelessNormal([5, 4], 8, 0)
  for (let call = 0; call < 6; call++) compiled(x).dispose()
  let saved: tf.io.ModelArtifacts | undefined
  await model.save(
    tf.io.withSaveHandler((artifacts) => {
      saved = artifacts
      return Promise.resolve({ modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } })
    }),
  )
  const loaded = await tf.loadLayersModel(tf.io.fromMemory(saved!))
  expect((loaded.predict(x) as tf.Tensor).dataSync()).toEqual((model.predict(x) as tf.Tensor).dataSync())
  const before = (model.predict(x) as tf.Tensor).dataSync()
  compiled(x).dispose()
  expect((model.predict(x) as tf.Tensor).dataSync()).not.toEqual(before)
  compiled.dispose()
})

test('in tf.grad, in tf.tidy and inside another compiled step a compiled step is what its function is', () => {
  const square = compile((x: tf.Tensor) => x.square())
  const x = tf.tensor1d([1, 2, 3])
  for (let i = 0; i < 4; i++) square(x)
  expect(
    Array.from(
      tf
        .grad((y: tf.Tensor) => square(y).sum())(x)
        .dataSync(),
    ),
  ).toEqual([2, 4, 6])
  const outer = compile((y: tf.Tensor) => square(y).add(1))
  for (let i = 0; i < 5; i++) expect(Array.from(outer(x).dataSync())).toEqual([2, 5, 10])
  expect(outer.graph.reason).toBeUndefined()
  expect(outer.graph.compiled).toBe(true)
  const tensors = tf.memory().numTensors
  tf.tidy(() => {
    square(x)
  })
  expect(tf.memory().numTensors).toBe(tensors)
  outer.dispose()
  square.dispose()
})

test('arguments that are the same tensor stay two arguments', () => {
  const compiled = compile((a: tf.Tensor, b: tf.Tensor) => a.sub(b))
  const x = tf.tensor1d([1, 2])
  const y = tf.tensor1d([10, 20])
  for (let i = 0; i < 4; i++) compiled(x, x).dispose()
  expect(Array.from(compiled(y, x).dataSync())).toEqual([9, 18])
  expect(compiled.graph.stats.graphCalls).toBe(2)
  compiled.dispose()
})

test('a result may be an argument, a captured tensor, a variable or a constant, in an array or a record, and is the caller’s', () => {
  const captured = tf.tensor1d([7])
  const variable = tf.variable(tf.tensor1d([8]))
  const compiled = compile((x: tf.Tensor) => ({
    x,
    captured: captured.clone(),
    variable,
    constant: tf.tensor1d([9]),
    twice: x.mul(2),
  }))
  const list = compile((x: tf.Tensor) => [x.add(1), variable])
  const nothing = compile((x: tf.Tensor) => {
    variable.assign(variable.add(x))
  })
  for (let i = 0; i < 6; i++) {
    const x = tf.tensor1d([i])
    const result = compiled(x)
    expect(Object.entries(result).map(([name, tensor]) => [name, tensor.dataSync()[0]])).toEqual([
      ['x', i],
      ['captured', 7],
      ['variable', 8 + (i * (i - 1)) / 2],
      ['constant', 9],
      ['twice', 2 * i],
    ])
    const [next, current] = list(x) as [tf.Tensor, tf.Tensor]
    expect([next.dataSync()[0], current.dataSync()[0]]).toEqual([i + 1, 8 + (i * (i - 1)) / 2])
    expect(nothing(x)).toBeUndefined()
    tf.dispose([result.variable, result.captured, current])
  }
  expect(variable.dataSync()[0]).toBe(8 + 15)
  expect([compiled, list, nothing].map(({ graph }) => graph.stats.graphCalls)).toEqual([3, 3, 3])
  for (const each of [compiled, list, nothing]) each.dispose()
})

test('bad arguments are refused before the step runs', () => {
  let runs = 0
  const compiled = compile((x: tf.Tensor) => {
    runs++
    return x.add(1)
  })
  const disposed = tf.ones([2, 3])
  disposed.dispose()
  const variable = tf.variable(tf.ones([2]), false, 'someVariable')
  const call = compiled as (x: unknown) => tf.Tensor
  expect(() => call(3)).toThrow(/argument 1 of 1 is number.*tf\.scalar/)
  expect(() => call(variable)).toThrow(/the variable someVariable.*inside the step, or pass its clone/)
  expect(() => call(disposed)).toThrow(/shape \[2, 3\] .* argument 1 of 1 is disposed/)
  expect(() => call(disposed)).toThrow(InvalidArgumentError)
  compiled.dispose()
  expect(() => call(tf.ones([2]))).toThrow(/was disposed; compile its function again/)
  expect(runs).toBe(0)
})

test('compile and dispose leave no tensor and no session behind', () => {
  const native = tf.backend() as unknown as { getNumOfSavedModels(): number; getNumOfTFTensors(): number }
  const data = statelessNormal([1000, 4], 5, 0)
  const run = () => {
    const { step, dispose } = task()
    const compiled = compile((rows: tf.Tensor, counter: tf.Tensor) => step(tf.gather(data, rows as tf.Tensor1D), counter))
    for (let call = 0; call < 8; call++) {
      tf.tidy(() => {
        compiled(tf.range(0, 3 + (call % 2), 1, 'int32'), tf.scalar(call, 'int32'))
      })
    }
    expect(compiled.graph.stats.graphs[0]).toMatchObject({ capturedBytes: 16_000 })
    compiled.dispose()
    dispose()
  }
  // With variables that stay in TensorFlow, handles and the map of them are to be freed too.
  const runInPlace = () => {
    const { step, all } = adamTask()
    const compiled = compile(step)
    for (let call = 0; call < 12; call++) adamLoss(compiled, call)
    compiled.dispose()
    tf.dispose([...all])
  }
  for (const each of [run, runInPlace]) {
    each()
    const before = [tf.memory().numTensors, native.getNumOfSavedModels(), native.getNumOfTFTensors()]
    for (let i = 0; i < 5; i++) each()
    expect([tf.memory().numTensors, native.getNumOfSavedModels(), native.getNumOfTFTensors()]).toEqual(before)
  }
})

test('the stats say what a graph is, how long it took and what it holds', () => {
  const { step, all } = adamTask()
  const compiled = compile(step)
  const calls = 20
  for (let call = 0; call < calls; call++) if (call % 10 !== 9) adamLoss(compiled, call)
  const [graph] = compiled.graph.stats.graphs
  const bytes = all.reduce((sum, { size }) => sum + 4 * size, 0)
  expect(compiled.graph.stats).toMatchObject({ eagerCalls: 1, recordedCalls: 2, graphCalls: calls - 5, checks: 0 })
  expect(graph).toMatchObject({ runs: calls - 5, variableBytes: bytes, capturedBytes: 0, residentVariables: 6 })
  expect(graph!.bytes).toBe(compiled.graph.toGraphDef()!.length)
  expect(graph!.nodes).toBeGreaterThan(50)
  for (const name of ['traceMilliseconds', 'loadMilliseconds', 'firstRunMilliseconds', 'runMilliseconds'] as const) {
    expect(graph![name]).toBeGreaterThan(0)
  }
  compiled.dispose()
  tf.dispose([...all])
})

const stale: { name: string; message: RegExp; change: () => { step: (x: tf.Tensor) => tf.Tensor; later: () => void } }[] = [
  {
    name: 'a schedule that starts flat',
    message:
      /value made in JavaScript at .*consistency\.test\.ts:\d+.* changes from call to call: \[0\.5\], then \[0\.25\], used by Mul/,
    change: () => {
      let rate = 0.5
      return {
        step: (x) => x.mul(rate),
        later: () => {
          rate = 0.25
        },
      }
    },
  },
  {
    name: 'a captured tensor that is replaced',
    message: /tensor from outside the step is another one/,
    change: () => {
      let scale = tf.scalar(0.5)
      return {
        step: (x) => x.mul(scale),
        later: () => {
          scale = tf.scalar(0.25)
        },
      }
    },
  },
  {
    name: 'an optimizer that is swapped',
    message: /the step creates the variable/,
    change: () => {
      const weight = tf.variable(tf.scalar(1))
      let optimizer: tf.Optimizer = tf.train.adam(0.1)
      return {
        step: (x) => optimizer.minimize(() => x.mul(weight).square().sum() as tf.Scalar, true, [weight]) as tf.Scalar,
        later: () => {
          optimizer = tf.train.adam(0.1)
        },
      }
    },
  },
]

test.each(stale)(
  '$name is reported by the next check, a new graph is made, and training goes on as eager training',
  ({ message, change }) => {
    const warn = vi.fn()
    const { step, later } = change()
    const compiled = compile(step, { checkEvery: 5, warn })
    const x = tf.tensor1d([4])
    const numberOf = (run: typeof step) => tf.tidy(() => run(x).dataSync()[0])
    const values = Array.from({ length: 15 }, () => numberOf(compiled))
    expect(compiled.graph.stats.checks).toBe(2)
    expect(warn).not.toHaveBeenCalled()
    later()
    let reported = 0
    for (let call = 15; call < 25; call++) {
      values.push(numberOf(compiled))
      if (reported === 0 && warn.mock.calls.length > 0) reported = call
    }
    expect(warn).toHaveBeenCalledTimes(1)
    expect(warn).toHaveBeenCalledWith(expect.stringMatching(message))
    expect(compiled.graph.reason).toBeUndefined()
    expect(compiled.graph.compiled).toBe(true)
    // Until the check the graph goes on as before; the check is the first step of what has changed, and the new graph takes the next ones.
    const eagerValues = (changedAt: number): (number | undefined)[] => {
      const twin = change()
      return values.map((_, call) => {
        if (call === changedAt) twin.later()
        return numberOf(twin.step)
      })
    }
    expect(values).toEqual(eagerValues(reported))
    expect(values.at(-1)).not.toBe(eagerValues(values.length).at(-1))
    compiled.dispose()
  },
)

test('with strict checks a change throws, after a right step; without checks it goes unseen', () => {
  const { step, later } = stale[0]!.change()
  const strict = compile(step, { check: 'strict', checkEvery: 3 })
  const trusting = compile(step, { check: 'off', checkEvery: 3 })
  const x = tf.tensor1d([4])
  for (let i = 0; i < 6; i++) {
    strict(x)
    trusting(x)
  }
  later()
  expect(() => strict(x)).toThrow(StaleGraphError)
  for (let i = 0; i < 20; i++) trusting(x)
  expect(trusting(x).dataSync()[0]).toBe(2)
  expect(strict(x).dataSync()[0]).toBe(1)
  strict.dispose()
  trusting.dispose()
})

test('what is computed twice is computed once in the graph, unless it draws numbers or works on variables', () => {
  const logits = tf.zeros([1, 40]) as tf.Tensor2D
  const weights = [1, 2].map((start) => tf.variable(tf.fill([3], start)))
  const step = (x: tf.Tensor): tf.Tensor[] => {
    const [first, again] = [1, 2].map(() => x.square().mul(3).sum())
    for (const weight of weights) weight.assign(weight.add(first!))
    return [first!.add(again!), x.square().mul(4).sum(), tf.multinomial(logits, 50), tf.multinomial(logits, 50)]
  }
  const compiled = compile(step)
  for (let call = 0; call < 6; call++) {
    const [sum, other, draw, another] = compiled(tf.tensor1d([1, 2, call])).map((tensor) => [...tensor.dataSync()])
    expect(sum).toEqual([2 * 3 * (5 + call ** 2)])
    expect(other).toEqual([4 * (5 + call ** 2)])
    expect(draw).not.toEqual(another)
  }
  expect(weights.map((weight) => [...weight.dataSync()])).toEqual([1, 2].map((start) => Array(3).fill(start + 3 * (6 * 5 + 55))))
  const [graph] = compiled.graph.stats.graphs
  expect(graph!.runs).toBe(3)
  const text = new TextDecoder('latin1').decode(compiled.graph.toGraphDef())
  const nodes = (op: string): number => new Set(text.match(new RegExp(`\\b${op}_\\d+`, 'g'))).size
  expect({ Square: nodes('Square'), Mul: nodes('Mul'), Multinomial: nodes('Multinomial') }).toEqual({
    Square: 1,
    Mul: 2,
    Multinomial: 2,
  })
  compiled.dispose()
  tf.dispose([logits, ...weights])
})

test('the GraphDef can be looked at', () => {
  const compiled = compile((x: tf.Tensor) => x.exp().add(1))
  expect(compiled.graph.toGraphDef()).toBeUndefined()
  for (let i = 0; i < 3; i++) compiled(tf.ones([2]))
  const text = new TextDecoder('latin1').decode(compiled.graph.toGraphDef())
  for (const name of ['Placeholder', 'StatefulPartitionedCall', 'Exp', 'Const']) expect(text).toContain(name)
  expect(compiled.graph.stats.graphs[0]).toMatchObject({ bytes: text.length, runs: 0 })
  compiled.dispose()
})
