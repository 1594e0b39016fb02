import * as tf from '@tensorflow/tfjs'
import fc from 'fast-check'
import { afterAll, expect } from 'vitest'
import { adamUpdate } from '../../src/adam/adamUpdate.ts'
import { compile } from '../../src/compile/index.ts'
import { statelessNormal } from '../../src/random/statelessNormal.ts'
import { nativeTest as test } from './nativeTest.ts'

const SHAPE = [3, 4]
const CALLS = 7

/** One instruction: what it makes joins the values that later ones can use, by their place in the list. */
type Instruction =
  | { readonly kind: 'unary'; readonly op: 'tanh' | 'sin' | 'relu' | 'neg' | 'softplus' | 'transposed'; readonly a: number }
  | { readonly kind: 'binary'; readonly op: 'add' | 'sub' | 'mul' | 'maximum' | 'divide'; readonly a: number; readonly b: number }
  | { readonly kind: 'constant'; readonly value: number; readonly full: boolean }
  | { readonly kind: 'captured'; readonly which: number }
  | { readonly kind: 'noise'; readonly key: number }
  | { readonly kind: 'rows'; readonly a: number }
  | { readonly kind: 'read'; readonly variable: number }
  | { readonly kind: 'assign'; readonly variable: number; readonly a: number }
  | { readonly kind: 'descend'; readonly variable: number; readonly a: number }
  | { readonly kind: 'adam'; readonly variable: number; readonly a: number; readonly look: boolean }

const place = fc.nat(40)
const variable = fc.nat(2)
const instruction: fc.Arbitrary<Instruction> = fc.oneof(
  fc.record({
    kind: fc.constant('unary' as const),
    op: fc.constantFrom('tanh', 'sin', 'relu', 'neg', 'softplus', 'transposed'),
    a: place,
  }),
  fc.record({
    kind: fc.constant('binary' as const),
    op: fc.constantFrom('add', 'sub', 'mul', 'maximum', 'divide'),
    a: place,
    b: place,
  }),
  fc.record({ kind: fc.constant('constant' as const), value: fc.integer({ min: -3, max: 3 }), full: fc.boolean() }),
  fc.record({ kind: fc.constant('captured' as const), which: fc.nat(1) }),
  fc.record({ kind: fc.constant('noise' as const), key: fc.integer() }),
  fc.record({ kind: fc.constant('rows' as const), a: place }),
  fc.record({ kind: fc.constant('read' as const), variable }),
  fc.record({ kind: fc.constant('assign' as const), variable, a: place }),
  fc.record({ kind: fc.constant('descend' as const), variable, a: place }),
  fc.record({ kind: fc.constant('adam' as const), variable, a: place, look: fc.boolean() }),
)

const captures = tf.tidy(() => [tf.keep(statelessNormal(SHAPE, 77, 0)), tf.keep(statelessNormal([100, 4], 78, 0))])

afterAll(() => {
  tf.dispose(captures)
})

/** A program as a step over variables of its own. */
function machine(program: readonly Instruction[]) {
  // Three variables, and the moments that they share.
  const variables = tf.tidy(() => [0, 1, 2, 3, 4].map((key) => tf.variable(statelessNormal(SHAPE, key, 0).square())))
  const step = (x: tf.Tensor, y: tf.Tensor, rows: tf.Tensor, counter: tf.Tensor): tf.Tensor[] =>
    tf.tidy(() => {
      const values: tf.Tensor[] = [x, y]
      const at = (index: number) => values[index % values.length]!
      const run = (next: Instruction): tf.Tensor => {
        switch (next.kind) {
          case 'unary':
            return next.op === 'transposed'
              ? at(next.a).transpose().matMul(at(next.a)).slice([0, 0], [3, 4])
              : at(next.a)[next.op]()
          case 'binary':
            return next.op === 'divide' ? at(next.a).div(at(next.b).abs().add(1).sqrt()) : at(next.a)[next.op](at(next.b))
          case 'constant':
            return next.full ? tf.fill(SHAPE, next.value) : at(0).mul(next.value)
          case 'captured':
            return next.which === 0 ? captures[0]! : captures[1]!.gather(rows.toInt() as tf.Tensor1D)
          case 'noise':
            return statelessNormal(SHAPE, next.key, counter as tf.Scalar)
          case 'rows':
            return at(next.a).gather(rows.mod(tf.scalar(3, 'int32')).toInt() as tf.Tensor1D)
          case 'read':
            return variables[next.variable]!.add(0)
          case 'assign': {
            // The variable shares its data with the value from here on: an argument, a captured tensor, another variable.
            const value = at(next.a)
            if (value !== variables[next.variable]) variables[next.variable]!.assign(value) // tfjs frees the data of v.assign(v)
            return variables[(next.variable + 1) % 3]!
          }
          case 'descend': {
            const target = variables[next.variable]!
            const { value, grads } = tf.variableGrads(() => target.mul(at(next.a)).tanh().sum() as tf.Scalar, [target])
            target.assign(target.sub(grads[target.name]!.mul(0.1)))
            return tf.fill(SHAPE, 1).mul(value)
          }
          case 'adam': {
            const target = variables[next.variable]!
            const after = adamUpdate({
              value: target,
              firstMoment: variables[3]!,
              secondMoment: variables[4]!,
              gradient: at(next.a),
              learningRate: counter.toFloat().add(1).reciprocal(),
              beta1Power: tf.scalar(0.9),
              beta2Power: tf.scalar(0.99),
              beta1: 0.9,
              beta2: 0.99,
              epsilon: 1e-3,
            })
            target.assign(after.value)
            variables[3]!.assign(after.firstMoment)
            variables[4]!.assign(after.secondMoment)
            return next.look ? after.value : at(next.a)
          }
        }
      }
      for (const next of program) values.push(run(next))
      return values.slice(-3).map((value) => value.mul(1))
    })
  return { step, variables, dispose: () => tf.dispose(variables) }
}

function argumentsOf(call: number): [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor] {
  const rows = tf.tensor1d([call % 3, (call + 1) % 100, 2], 'int32')
  return [statelessNormal(SHAPE, 5, call), statelessNormal(SHAPE, 6, call), rows, tf.scalar(call, 'int32')]
}

test('random programs do the same as graphs as they do eagerly', { timeout: 600_000 }, () => {
  let residents = 0
  fc.assert(
    fc.property(fc.array(instruction, { minLength: 1, maxLength: 30 }), fc.boolean(), (program, shared) => {
      const eager = machine(program)
      const other = machine(program)
      const compiled = compile(other.step, { check: 'strict', checkEvery: 2 })
      try {
        for (let call = 0; call < CALLS; call++) {
          // While the step is recorded two variables share their data; later they do not.
          if (shared && call < 3) for (const { variables } of [eager, other]) variables[1]!.assign(variables[0]!)
          tf.tidy(() => {
            const expected = eager.step(...argumentsOf(call))
            const actual = compiled(...argumentsOf(call))
            expect(actual.map((tensor) => tensor.dataSync())).toEqual(expected.map((tensor) => tensor.dataSync()))
          })
          expect(other.variables.map((each) => each.dataSync())).toEqual(eager.variables.map((each) => each.dataSync()))
        }
        expect(compiled.graph.reason).toBeUndefined()
        expect(compiled.graph.stats.graphCalls).toBe(3)
        residents += compiled.graph.stats.graphs[0]!.residentVariables
      } finally {
        compiled.dispose()
        eager.dispose()
        other.dispose()
      }
    }),
    {
      numRuns: Number(process.env['TFJS_BAYES_PROPERTY_RUNS'] ?? 60),
      examples: [[[{ kind: 'adam', variable: 0, a: 0, look: false }], false]],
    },
  )
  expect(residents).toBeGreaterThan(0)
})
