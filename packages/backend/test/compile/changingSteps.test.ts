import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as tf from '@tensorflow/tfjs'
import { expect, vi } from 'vitest'
import { compile, type FallbackCode } from '../../src/compile/index.ts'
import { tensorFlowBackend } from '../../src/compile/tensorFlowBackend.ts'
import { encodeSavedModel } from '../../src/compile/wire/graphDef.ts'
import { nativeTest as test } from './nativeTest.ts'

type Result = tf.Tensor | tf.Tensor[] | Record<string, tf.Tensor> | undefined

/** A step that counts its calls and works on two variables, which its caller may replace in between. */
interface Changing {
  readonly variables: tf.Variable[]
  readonly step: (x: tf.Tensor) => Result
  readonly before?: (call: number) => void
}

const twoVariables = (): tf.Variable[] => [1, 2].map((start) => tf.variable(tf.scalar(start)))

const assign = (variable: tf.Variable, value: tf.Tensor): undefined => void variable.assign(value)

/** A step whose two sides do not differ in what TensorFlow runs. */
function alternating(sides: (x: tf.Tensor, a: tf.Variable, b: tf.Variable) => readonly [() => Result, () => Result]): Changing {
  const variables = twoVariables()
  let call = 0
  return { variables, step: (x) => sides(x, variables[0]!, variables[1]!)[call++ % 2]!() }
}

const cases: { name: string; code: FallbackCode; message: RegExp; make: () => Changing }[] = [
  {
    name: 'a result of changing form',
    code: 'changing-ops',
    message: /the step returns (an array of 1|a record of "x"), then (an array of 1|a record of "x")/,
    make: () =>
      alternating((x) => {
        const square = x.square()
        return [() => [square], () => ({ x: square })]
      }),
  },
  {
    name: 'results that change places',
    code: 'changing-ops',
    message: /returns or assigns other tensors from call to call/,
    make: () =>
      alternating((x) => {
        const [square, sine] = [x.square(), x.sin()]
        return [() => [square, sine], () => [sine, square]]
      }),
  },
  {
    name: 'other variables updated',
    code: 'changing-ops',
    message: /the step updates other variables from call to call/,
    make: () => alternating((x, a, b) => [() => assign(a, x.mul(3)), () => assign(b, x.mul(3))]),
  },
  {
    name: 'another variable read',
    code: 'changing-capture',
    message: /the step uses the variable \S+, then \S+/,
    make: () => alternating((x, a, b) => [() => x.mul(a), () => x.mul(b)]),
  },
  {
    name: 'a variable that is replaced again and again',
    code: 'changing-constant',
    message: /a variable of the step is disposed/,
    make: () => {
      const variables = twoVariables()
      return {
        variables,
        step: (x) => {
          variables[0]!.assign(variables[0]!.add(x))
          return variables[0]!.mul(2)
        },
        before: (call) => {
          if (call % 5 !== 4) return
          const [value] = variables[0]!.dataSync()
          variables[0]!.dispose()
          variables[0] = tf.variable(tf.scalar(value! + call))
        },
      }
    },
  },
  {
    name: 'nothing returned and nothing updated',
    code: 'unsupported-value',
    message: /the step returns nothing and updates no variable/,
    make: () => ({ variables: twoVariables(), step: (x) => void x.square() }),
  },
]

test.each(cases)('$name keeps the step eager, and it goes on right', ({ code, message, make }) => {
  const [eager, other] = [make(), make()]
  const warn = vi.fn()
  const compiled = compile(other.step, { warn })
  const valuesOf = (result: Result): (number | string)[][] =>
    result instanceof tf.Tensor
      ? [[...result.dataSync()]]
      : Object.entries(result ?? {}).map(([name, tensor]) => [name, ...tensor.dataSync()])
  const run = ({ before }: Changing, step: Changing['step'], call: number): (number | string)[][] => {
    before?.(call)
    const x = tf.scalar(call + 0.5)
    const result = step(x)
    const values = valuesOf(result)
    tf.dispose([x, result ?? []])
    return values
  }
  for (let call = 0; call < 14; call++) {
    expect(run(other, compiled, call)).toEqual(run(eager, eager.step, call))
    expect(other.variables.map((variable) => variable.dataSync()[0])).toEqual(
      eager.variables.map((variable) => variable.dataSync()[0]),
    )
  }
  expect(compiled.graph.reason).toMatchObject({ code, message: expect.stringMatching(message) })
  expect(compiled.graph.compiled).toBe(false)
  expect(warn).toHaveBeenCalledTimes(1)
  expect(warn).toHaveBeenCalledWith(expect.stringMatching(message))
  tf.dispose([...eager.variables, ...other.variables])
})

test('a step that runs a SavedModel stays eager, and goes on right', () => {
  const backend = tensorFlowBackend()!
  const inner = compile((x: tf.Tensor) => x.mul(3))
  for (let call = 0; call < 4; call++) tf.tidy(() => inner(tf.scalar(call)))
  const folder = mkdtempSync(join(tmpdir(), 'tfjs-bayes-test-'))
  let session: number
  try {
    writeFileSync(join(folder, 'saved_model.pb'), encodeSavedModel(inner.graph.toGraphDef()!, 'serve'))
    session = backend.loadSavedModelMetaGraph(folder, 'serve')
  } finally {
    rmSync(folder, { recursive: true })
  }
  const feed = /argument_\d+/.exec(new TextDecoder('latin1').decode(inner.graph.toGraphDef()))![0]
  const warn = vi.fn()
  const compiled = compile(
    (x: tf.Tensor) => {
      const ids = backend.getInputTensorIds([x])
      return backend.createOutputTensor(backend.binding.runSavedModel(session, ids, feed, 'call:0')[0]!).add(1)
    },
    { warn },
  )
  for (let call = 0; call < 6; call++) expect(tf.tidy(() => compiled(tf.scalar(call)).dataSync()[0])).toBe(3 * call + 1)
  expect(compiled.graph.reason).toMatchObject({
    code: 'unsupported-op',
    message: expect.stringMatching(/the step runs a SavedModel at .*changingSteps\.test\.ts:\d+/),
  })
  expect(warn).toHaveBeenCalledTimes(1)
  backend.deleteSavedModel(session)
  inner.dispose()
})
