import { gaussianExpectation } from '@tfjs-bayes/testing'
import * as ort from 'onnxruntime-node'
import { describe, expect, test } from 'vitest'
import { Tape } from '../../ir/tape.ts'
import { encode } from '../../wire/encode.ts'
import { toMessage } from '../../wire/toMessage.ts'
import { activationMoments } from './activationMoments.ts'
import { leakyMoments, maximumMoments, productMoments, rectifiedMoments, type Uncertain } from './gaussianMoments.ts'

const grid = [-6, -2.5, -1, -0.3, 0, 0.2, 1, 3, 8].flatMap((mean) =>
  [1e-6, 0.01, 0.3, 1, 2.5].map((sigma) => [mean, sigma] as const),
)

/** Mean and variance of f(X) by adaptive quadrature in float64. */
function momentsOf(f: (x: number) => number, mean: number, sigma: number): readonly [number, number] {
  const first = gaussianExpectation(f, mean, sigma)
  return [first, gaussianExpectation((x) => (f(x) - first) ** 2, mean, sigma)]
}

describe('exact moments against quadrature', () => {
  test('max(X, 0)', async () => {
    await compare(
      (tape, x) => rectifiedMoments(tape, x),
      (x) => Math.max(x, 0),
      2e-6,
    )
  })

  test('leaky', async () => {
    await compare(
      (tape, x) => leakyMoments(tape, x, tape.scalar(0.2)),
      (x) => (x > 0 ? x : 0.2 * x),
      2e-6,
    )
    // A slope above 1 has its own sign in the covariance.
    await compare(
      (tape, x) => leakyMoments(tape, x, tape.scalar(1.5)),
      (x) => (x > 0 ? x : 1.5 * x),
      4e-6,
    )
  })

  test('a variance of 0 is a certain value', async () => {
    const [means, variances] = await run((tape, x) => rectifiedMoments(tape, x), [-2, 0, 3, 1e4], [0, 0, 0, 0])
    const expected = [0, 0, 3, 1e4]
    expected.forEach((value, i) => {
      expect(Math.abs(means[i]! - value)).toBeLessThan(1e-12)
    })
    expect(Math.max(...variances)).toBeLessThan(1e-12)
  })

  test('far from 0 nothing cancels', async () => {
    const [means, variances] = await run((tape, x) => rectifiedMoments(tape, x), [1000, -1000], [1e-4, 1e-4])
    expect(means[0]).toBe(1000)
    expect(variances[0]! / 1e-4).toBeCloseTo(1, 5)
    expect(Math.max(means[1]!, variances[1]!)).toBeLessThan(1e-18)
  })
})

describe('two variables against nested quadrature', () => {
  const pairs = [
    [0, 1, 0, 1],
    [1, 0.5, -0.5, 2],
    [-2, 0.1, 1, 0.3],
    [3, 1, 3.1, 0.01],
  ] as const
  const cases: [string, (tape: Tape, x: Uncertain, y: Uncertain) => Uncertain, (x: number, y: number) => number][] = [
    ['maximum', maximumMoments, Math.max],
    ['product', productMoments, (x, y) => x * y],
  ]
  test.each(cases)('%s', async (_, build, f) => {
    for (const [mx, sx, my, sy] of pairs) {
      const expectation = (g: (value: number) => number): number =>
        gaussianExpectation((x) => gaussianExpectation((y) => g(f(x, y)), my, sy), mx, sx)
      const mean = expectation((value) => value)
      const variance = expectation((value) => (value - mean) ** 2)
      const constant = (tape: Tape, value: number): Uncertain['mean'] =>
        tape.constant(`c_${value}`, () => [new Float32Array([value]), [1]])
      const [means, variances] = await run(
        (tape, x) => build(tape, x, { mean: constant(tape, my), variance: constant(tape, sy ** 2) }),
        [mx],
        [sx ** 2],
      )
      expect(Math.abs(means[0]! - mean)).toBeLessThan(1e-5)
      expect(Math.abs(variances[0]! - variance)).toBeLessThan(2e-5 * Math.max(1, variance))
    }
  })
})

// Largest error of mean and of variance on the grid (|mean| <= 8, sigma <= 2.5), 12 nodes: what the README says.
const activations: [string, (x: number) => number, number, number][] = [
  ['tanh', Math.tanh, 0.02, 0.03],
  ['sigmoid', (x) => 1 / (1 + Math.exp(-x)), 1e-3, 1e-3],
  ['softplus', (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))), 1e-3, 2e-3],
  ['elu', (x) => (x > 0 ? x : Math.expm1(x)), 0.02, 0.05],
  ['swish', (x) => x / (1 + Math.exp(-x)), 2e-3, 5e-3],
  ['gelu_new', (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))), 0.02, 0.03],
  ['relu6', (x) => Math.min(Math.max(x, 0), 6), 0.1, 0.2],
  ['hardSigmoid', (x) => Math.min(Math.max(0.2 * x + 0.5, 0), 1), 0.02, 0.02],
]

test.each(activations)('%s by quadrature with 12 nodes', async (name, f, meanTolerance, varianceTolerance) => {
  await compare((tape, x) => activationMoments(tape, name, x), f, meanTolerance, varianceTolerance)
})

async function compare(
  build: (tape: Tape, x: Uncertain) => Uncertain,
  f: (x: number) => number,
  meanTolerance: number,
  varianceTolerance: number = meanTolerance,
): Promise<void> {
  const [means, variances] = await run(
    build,
    grid.map(([mean]) => mean),
    grid.map(([, sigma]) => sigma ** 2),
  )
  grid.forEach(([mean, sigma], i) => {
    const [first, second] = momentsOf(f, mean, sigma)
    expect(Math.abs(means[i]! - first), `mean at ${mean}, ${sigma}`).toBeLessThan(meanTolerance * Math.max(1, Math.abs(first)))
    expect(Math.abs(variances[i]! - second), `variance at ${mean}, ${sigma}`).toBeLessThan(
      varianceTolerance * Math.max(1, sigma ** 2),
    )
    expect(variances[i]).toBeGreaterThanOrEqual(0)
  })
}

async function run(
  build: (tape: Tape, x: Uncertain) => Uncertain,
  means: number[],
  variances: number[],
): Promise<readonly [Float32Array, Float32Array]> {
  const tape = new Tape(17)
  const x = { mean: tape.input('mean', 'float', ['n']), variance: tape.input('variance', 'float', ['n']) }
  const result = build(tape, x)
  const outputs = [
    { name: 'result_mean', value: result.mean },
    { name: 'result_variance', value: result.variance },
  ]
  const session = await ort.InferenceSession.create(
    encode(toMessage({ graph: tape.finish('g', outputs), opset: 17, metadata: {} })),
  )
  const tensor = (values: number[]): ort.Tensor => new ort.Tensor('float32', Float32Array.from(values), [values.length])
  const { result_mean: mean, result_variance: variance } = await session.run({ mean: tensor(means), variance: tensor(variances) })
  await session.release()
  return [mean!.data as Float32Array, variance!.data as Float32Array]
}
