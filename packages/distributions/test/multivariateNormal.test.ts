import { readFileSync } from 'node:fs'
import * as tf from '@tensorflow/tfjs'
import { statelessNormal } from '@tfjs-bayes/backend'
import { chiSquarePValue, expectNoLeak, expectTensorsClose, finiteDifference } from '@tfjs-bayes/testing'
import { describe, expect, test } from 'vitest'
import {
  closedKl,
  deserializeDistribution,
  hasClosedKl,
  InvalidParameterError,
  independent,
  kl,
  Laplace,
  MultivariateNormal,
  type MultivariateNormalParameters,
  Normal,
  renyiDivergence,
  ShapeMismatchError,
  serializeDistribution,
} from '../src/index.ts'
import {
  inverseAndLogDeterminant,
  type Matrix,
  parkMiller,
  product,
  quadraticForm,
  randomFactor,
  transpose,
} from './linearAlgebra64.ts'

const structures = ['covariance', 'precision', 'cholesky', 'sigma'] as const
type Structure = (typeof structures)[number]
const tensor = (rows: Matrix): tf.Tensor2D => tf.tensor2d(rows.map((row) => [...row]))

/** A random distribution in a given structure, with its mean and covariance in float64. */
function random(
  n: number,
  seed: number,
  structure: Structure,
): { readonly mu: number[]; readonly covariance: Matrix; readonly make: () => MultivariateNormal } {
  const next = parkMiller(seed)
  const mu = Array.from({ length: n }, () => Math.fround(2 * next() - 1))
  const factor = randomFactor(n, next)
  const sigma = factor.map((row, i) => row[i]!)
  const diagonal = factor.map((_, i) => factor.map((_, j) => (i === j ? sigma[i]! ** 2 : 0)))
  const covariance = structure === 'sigma' ? diagonal : product(factor, transpose(factor))
  const given = (): MultivariateNormalParameters => {
    const center = { mu: tf.tensor1d(mu) }
    if (structure === 'sigma') return { ...center, sigma: tf.tensor1d(sigma) }
    if (structure === 'cholesky') return { ...center, cholesky: tensor(factor) }
    if (structure === 'covariance') return { ...center, covariance: tensor(covariance) }
    return { ...center, precision: tensor(inverseAndLogDeterminant(covariance).inverse) }
  }
  return { mu, covariance, make: () => new MultivariateNormal(given()) }
}

/** The distribution at free tensors: a covariance or precision is symmetrized, of a factor only the lower triangle is read. */
function moved(structure: Structure, mu: tf.Tensor, matrix: tf.Tensor): MultivariateNormal {
  const full = structure === 'covariance' || structure === 'precision'
  const shaped = full ? tf.mul(tf.add(matrix, tf.transpose(matrix)), 0.5) : matrix
  return new MultivariateNormal({ mu, [structure]: shaped } as unknown as MultivariateNormalParameters)
}

const difference = (a: readonly number[], b: readonly number[]): number[] => a.map((each, i) => each - b[i]!)

function kl64(q: { mu: number[]; covariance: Matrix }, p: { mu: number[]; covariance: Matrix }): number {
  const { inverse, logDeterminant } = inverseAndLogDeterminant(p.covariance)
  const trace = product(inverse, q.covariance).reduce((sum, row, i) => sum + row[i]!, 0)
  const distance = quadraticForm(inverse, difference(p.mu, q.mu))
  return 0.5 * (trace + distance - q.mu.length + logDeterminant - inverseAndLogDeterminant(q.covariance).logDeterminant)
}

describe.each(structures)('given by %s', (structure) => {
  test.each([1, 2, 5, 20])('density, moments and entropy in %i dimensions agree with float64 elimination', async (n) => {
    await expectNoLeak(() =>
      tf.tidy(() => {
        const { mu, covariance, make } = random(n, 100 + n, structure)
        const d = make()
        const { inverse, logDeterminant } = inverseAndLogDeterminant(covariance)
        const next = parkMiller(n + 7)
        const points = [0, 1, 2].map(() => Array.from({ length: n }, () => Math.fround(4 * next() - 2)))
        const expected = points.map(
          (x) => -0.5 * (quadraticForm(inverse, difference(x, mu)) + logDeterminant + n * Math.log(2 * Math.PI)),
        )
        const tolerance = { relative: 3e-5, absolute: 3e-5 }
        expectTensorsClose(d.logProb(tf.tensor2d(points)), expected, tolerance)
        expectTensorsClose(d.logProb(tf.tensor1d(points[0]!)), tf.scalar(expected[0]!), tolerance)
        expectTensorsClose(d.entropy(), tf.scalar(0.5 * (logDeterminant + n * Math.log(2 * Math.PI * Math.E))), tolerance)
        expectTensorsClose(d.mean(), mu)
        expectTensorsClose(d.mode(), mu)
        expectTensorsClose(
          d.variance(),
          covariance.map((row, i) => row[i]!),
          tolerance,
        )
        expectTensorsClose(d.covariance(), tensor(covariance), tolerance)
        expect(d.validate()).toBe(d)
      }),
    )
  })

  test('the sampler is mu + L noise, L lower triangular; its draws fit', async () => {
    const [n, draws, key] = [3, 5000, 50_003]
    await expectNoLeak(() =>
      tf.tidy(() => {
        const { mu, covariance, make } = random(n, 42, structure)
        const d = make()
        expect(d.noiseShape([draws])).toEqual([draws, n])
        const root = tf.sub(d.sample(tf.eye(n)), tf.tensor1d(mu))
        expectTensorsClose(tf.matMul(root, root, true, false), tensor(covariance), { absolute: 1e-5 })
        expectTensorsClose(tf.linalg.bandPart(root, -1, 0), tf.mul(tf.eye(n), root), { absolute: 1e-6 })
        // The squared Mahalanobis distances are chi-square with n degrees of freedom; their sum has n * draws of them.
        const samples = d.sample(statelessNormal([draws, n], key, 0)).arraySync() as number[][]
        const { inverse } = inverseAndLogDeterminant(covariance)
        const total = samples.reduce((sum, x) => sum + quadraticForm(inverse, difference(x, mu)), 0)
        const p = chiSquarePValue(total, n * draws)
        expect(Math.min(p, 1 - p), `key ${key}`).toBeGreaterThan(1e-6)
      }),
    )
  })

  test('a batch of matrices is as many distributions', () => {
    tf.tidy(() => {
      const members = [1, 2].map((seed) => random(3, seed, structure).make())
      const stack = (name: string): tf.Tensor => tf.stack(members.map((each) => each.parameters[name]!))
      const batch = new MultivariateNormal({
        mu: stack('mu'),
        [structure]: stack(structure),
      } as unknown as MultivariateNormalParameters)
      expect([batch.batchShape, batch.eventShape]).toEqual([[2], [3]])
      const x = tf.tensor1d([0.3, -0.5, 1])
      expectTensorsClose(batch.logProb(x), tf.stack(members.map((each) => each.logProb(x))), { relative: 1e-5 })
      expectTensorsClose(batch.logProb(tf.ones([4, 1, 3])).slice(0, 1), tf.expandDims(batch.logProb(tf.ones([3])), 0), {
        relative: 1e-5,
      })
      const noise = tf.tensor2d([
        [1, 0, -1],
        [0.5, 2, 0],
      ])
      expectTensorsClose(batch.sample(noise), tf.stack(members.map((each, i) => each.sample(noise.slice(i, 1).reshape([3])))), {
        relative: 1e-5,
      })
      expectTensorsClose(batch.entropy(), tf.stack(members.map((each) => each.entropy())), { relative: 1e-5 })
      expectTensorsClose(closedKl(batch, members[0]!), tf.stack(members.map((each) => closedKl(each, members[0]!))), {
        relative: 1e-4,
        absolute: 1e-5,
      })
    })
  })

  test('gradients of density and sampler are those of finite differences', async () => {
    await expectNoLeak(() =>
      tf.tidy(() => {
        const d = random(3, 9, structure).make()
        const free = d.parameters[structure]!
        const x = tf.tensor1d([0.4, -1, 0.8])
        for (const f of [
          (mu: tf.Tensor, matrix: tf.Tensor) => moved(structure, mu, matrix).logProb(x),
          (mu: tf.Tensor, matrix: tf.Tensor) => tf.sin(moved(structure, mu, matrix).sample(x)),
        ]) {
          const [dMu, dMatrix] = tf.grads((mu: tf.Tensor, matrix: tf.Tensor) => tf.sum(f(mu, matrix)))([d.mu, free])
          expectTensorsClose(dMu!, tf.tensor1d(finiteDifference((mu) => f(mu, free), d.mu)), { relative: 5e-3, absolute: 5e-3 })
          expectTensorsClose(
            dMatrix!,
            tf.tensor(
              finiteDifference((matrix) => f(d.mu, matrix), free),
              free.shape,
            ),
            { relative: 5e-3, absolute: 5e-3 },
          )
        }
      }),
    )
  })
})

test('densities, entropies and divergences are those of SciPy and mpmath', () => {
  interface Case {
    readonly q: { readonly mu: number[]; readonly covariance: number[][] }
    readonly p: { readonly mu: number[]; readonly covariance: number[][] }
    readonly x: number[][]
    readonly logProb: number[]
    readonly entropy: number
    readonly kl: number
  }
  const file = readFileSync(new URL('../fixtures/multivariateNormal.json', import.meta.url), 'utf8')
  for (const { q, p, x, logProb, entropy, kl: expected } of (JSON.parse(file) as { cases: Case[] }).cases) {
    tf.tidy(() => {
      const make = ({ mu, covariance }: Case['q']): MultivariateNormal =>
        new MultivariateNormal({ mu: tf.tensor1d(mu), covariance: tf.tensor2d(covariance) })
      const tolerance = { relative: 3e-5, absolute: 3e-5 }
      expectTensorsClose(make(q).logProb(tf.tensor2d(x)), logProb, tolerance)
      expectTensorsClose(make(q).entropy(), tf.scalar(entropy), tolerance)
      expectTensorsClose(closedKl(make(q), make(p)), tf.scalar(expected), tolerance)
    })
  }
})

const pairs = structures.flatMap((q) => structures.map((p) => [q, p] as const))

describe.each(pairs)('KL(%s || %s)', (qStructure, pStructure) => {
  test.each([1, 2, 6, 20])('in %i dimensions agrees with float64 elimination', async (n) => {
    const [q, p] = [random(n, 200 + n, qStructure), random(n, 300 + n, pStructure)]
    const expected = kl64(q, p)
    await expectNoLeak(() =>
      tf.tidy(() => {
        expectTensorsClose(closedKl(q.make(), p.make()), tf.scalar(expected), { relative: 3e-5, absolute: 1e-5 })
        expectTensorsClose(renyiDivergence(q.make(), p.make(), { alpha: 1 }), tf.scalar(expected), {
          relative: 3e-5,
          absolute: 1e-5,
        })
      }),
    )
  })

  test('of equal distributions is 0', () => {
    tf.tidy(() => {
      const [q, p] = [random(20, 5, qStructure), random(20, 5, qStructure)]
      expect(Math.abs(closedKl(q.make(), p.make()).dataSync()[0]!)).toBeLessThan(1e-6)
    })
  })

  test('the gradients by both means and both matrices are those of finite differences', async () => {
    await expectNoLeak(() =>
      tf.tidy(() => {
        const [q, p] = [random(3, 31, qStructure).make(), random(3, 32, pStructure).make()]
        const divergence = (qMu: tf.Tensor, qMatrix: tf.Tensor, pMu: tf.Tensor, pMatrix: tf.Tensor): tf.Tensor =>
          closedKl(moved(qStructure, qMu, qMatrix), moved(pStructure, pMu, pMatrix))
        const point = [q.mu, q.parameters[qStructure]!, p.mu, p.parameters[pStructure]!] as const
        const f = divergence as (...at: tf.Tensor[]) => tf.Tensor
        const gradients = tf.grads((...at: tf.Tensor[]) => tf.sum(f(...at)))([...point])
        for (const [i, name] of ['q’s mean', 'q’s matrix', 'p’s mean', 'p’s matrix'].entries()) {
          const expected = finiteDifference((at) => f(...point.with(i, at)), point[i]!)
          // Of float32 differences: the rounding of a divergence of some nats, 1e-6, over the smallest step, 1/512, is below 1e-3.
          const close = (): void =>
            expectTensorsClose(gradients[i]!, tf.tensor(expected, point[i]!.shape), { relative: 5e-3, absolute: 5e-3 })
          expect(close, `by ${name}`).not.toThrow()
        }
      }),
    )
  })
})

test('independent normal distributions are a diagonal one', () => {
  tf.tidy(() => {
    const full = random(3, 1, 'covariance').make()
    const normals = new Normal({ mu: 0.5, sigma: tf.tensor1d([1, 2, 0.5]) })
    const diagonal = new MultivariateNormal({ mu: tf.fill([3], 0.5), sigma: tf.tensor1d([1, 2, 0.5]) })
    expectTensorsClose(closedKl(full, independent(normals)), closedKl(full, diagonal))
    expectTensorsClose(closedKl(independent(normals), full), closedKl(diagonal, full))
    expectTensorsClose(closedKl(independent(normals), independent(normals)), tf.scalar(0))
    expectTensorsClose(independent(normals).logProb(tf.ones([3])), diagonal.logProb(tf.ones([3])))
    expect(hasClosedKl(full, independent(new Laplace({ mu: tf.zeros([3]), scale: 1 })))).toBe(false)
    expect(kl(full, diagonal).method).toBe('closed')
  })
})

test('the Renyi divergence agrees with the formula in float64, diagonal or not, and is infinite where the mixture is not a covariance', () => {
  for (const [qStructure, pStructure] of [
    ['covariance', 'precision'],
    ['sigma', 'sigma'],
    ['sigma', 'cholesky'],
  ] as const) {
    const [q, p] = [random(4, 61, qStructure), random(4, 62, pStructure)]
    for (const alpha of [0.3, 0.8, 1.05]) {
      const mixed = q.covariance.map((row, i) => row.map((value, j) => (1 - alpha) * value + alpha * p.covariance[i]![j]!))
      const { inverse, logDeterminant } = inverseAndLogDeterminant(mixed)
      const others =
        (1 - alpha) * inverseAndLogDeterminant(q.covariance).logDeterminant +
        alpha * inverseAndLogDeterminant(p.covariance).logDeterminant
      const expected =
        (alpha / 2) * quadraticForm(inverse, difference(q.mu, p.mu)) - (logDeterminant - others) / (2 * (alpha - 1))
      tf.tidy(() =>
        expectTensorsClose(renyiDivergence(q.make(), p.make(), { alpha }), tf.scalar(expected), {
          relative: 1e-4,
          absolute: 2e-5,
        }),
      )
    }
  }
  tf.tidy(() => {
    const wide = new MultivariateNormal({
      mu: tf.zeros([2]),
      covariance: tf.tensor2d([
        [9, 1],
        [1, 9],
      ]),
    })
    const narrow = new MultivariateNormal({ mu: tf.zeros([2]), sigma: tf.ones([2]) })
    expectTensorsClose(renyiDivergence(wide, narrow, { alpha: 2 }), tf.scalar(Number.POSITIVE_INFINITY))
  })
})

test('a divergence of 1000-dimensional neighbours does not drown in rounding', () => {
  const n = 1000
  tf.tidy(() => {
    const row = tf.range(0, n)
    // Correlations 0.5^|i - j|, whose factor is known: nothing here takes minutes on the slowest backend.
    const distance = tf.abs(tf.sub(tf.expandDims(row, 1), row))
    const covariance = tf.pow(0.5, distance)
    const q = new MultivariateNormal({ mu: tf.zeros([n]), covariance })
    const p = new MultivariateNormal({ mu: tf.zeros([n]), covariance: tf.mul(covariance, 1.001) })
    // Equal up to a factor 1 + d of the covariance: n (1 / (1 + d) - 1 + log(1 + d)) / 2.
    const d = Math.fround(1.001) - 1
    expectTensorsClose(closedKl(q, p), tf.scalar((n / 2) * (1 / (1 + d) - 1 + Math.log1p(d))), { relative: 2e-2, absolute: 1e-6 })
    expect(closedKl(q, q).dataSync()[0]!).toBeLessThan(1e-6)
  })
})

test('a diagonal never becomes a matrix: 100,000 dimensions', async () => {
  const n = 100_000
  await expectNoLeak(() =>
    tf.tidy(() => {
      const [mu, sigma] = [tf.fill([n], 0.5), tf.fill([n], 2)]
      const q = new MultivariateNormal({ mu, sigma })
      const p = new MultivariateNormal({ mu: tf.zeros([n]), sigma: tf.ones([n]) })
      // A matrix of this size would be 40 GB.
      const one = new Normal({ mu: 0.5, sigma: 2 })
      expectTensorsClose(q.logProb(tf.ones([n])), tf.mul(one.logProb(tf.scalar(1)), n), { relative: 1e-5 })
      expectTensorsClose(q.entropy(), tf.mul(one.entropy(), n), { relative: 1e-5 })
      expectTensorsClose(q.variance(), tf.fill([n], 4))
      expectTensorsClose(q.sample(tf.ones([n])), tf.fill([n], 2.5))
      const standard = new Normal({ mu: 0, sigma: 1 })
      expectTensorsClose(closedKl(q, p), tf.mul(closedKl(one, standard), n), { relative: 1e-5 })
      expectTensorsClose(renyiDivergence(q, p, { alpha: 0.5 }), tf.mul(renyiDivergence(one, standard, { alpha: 0.5 }), n), {
        relative: 1e-5,
      })
      const slope = tf.grad((at: tf.Tensor) => closedKl(new MultivariateNormal({ mu, sigma: at }), p))(sigma)
      expectTensorsClose(slope, tf.fill([n], 1.5))
    }),
  )
})

test.each(structures)(
  'given by %s at scales from 1e-6 to 1e6, and of both in one, a thousand scales into the tails',
  (structure) => {
    const unit = random(4, 71, structure)
    const other = random(4, 72, structure)
    for (const scales of [
      [1e-6, 1e-6, 1e-6, 1e-6],
      [1e6, 1e6, 1e6, 1e6],
      [1e-6, 1e-2, 1e2, 1e6],
    ]) {
      // D x is distributed like x, its density divided by |D|, and its divergence is the same.
      const scaled = ({ mu, covariance }: typeof unit): MultivariateNormal => {
        const factor = choleskyFactor(covariance)
        const center = { mu: tf.tensor1d(mu.map((each, i) => each * scales[i]!)) }
        const matrix = (rows: Matrix, power: number): tf.Tensor2D =>
          tensor(
            rows.map((row, i) =>
              row.map((each, j) => each * scales[i]! ** power * (structure === 'cholesky' ? 1 : scales[j]! ** power)),
            ),
          )
        if (structure === 'sigma') {
          return new MultivariateNormal({ ...center, sigma: tf.tensor1d(factor.map((row, i) => row[i]! * scales[i]!)) })
        }
        if (structure === 'cholesky') return new MultivariateNormal({ ...center, cholesky: matrix(factor, 1) })
        if (structure === 'covariance') return new MultivariateNormal({ ...center, covariance: matrix(covariance, 1) })
        return new MultivariateNormal({ ...center, precision: matrix(inverseAndLogDeterminant(covariance).inverse, -1) })
      }
      tf.tidy(() => {
        const [q, p] = [scaled(unit), scaled(other)]
        const { inverse, logDeterminant } = inverseAndLogDeterminant(unit.covariance)
        const logScales = scales.reduce((sum, each) => sum + Math.log(each), 0)
        for (const size of [1, 1000]) {
          const z = [0.7, -1.1, 0.4, 0.9].map((each) => each * size)
          const expected =
            -0.5 * (quadraticForm(inverse, difference(z, unit.mu)) + logDeterminant + 4 * Math.log(2 * Math.PI)) - logScales
          expectTensorsClose(q.logProb(tf.tensor1d(z.map((each, i) => each * scales[i]!))), tf.scalar(expected), {
            relative: 1e-5,
            absolute: 1e-5,
          })
        }
        expectTensorsClose(closedKl(q, p), tf.scalar(kl64(unit, other)), { relative: 3e-5, absolute: 1e-5 })
        expectTensorsClose(q.entropy(), tf.scalar(0.5 * (logDeterminant + 4 * Math.log(2 * Math.PI * Math.E)) + logScales), {
          relative: 1e-5,
          absolute: 1e-5,
        })
      })
    }
  },
)

/** The lower triangular factor of a covariance, in float64. */
function choleskyFactor(covariance: Matrix): number[][] {
  const l: number[][] = covariance.map((row) => row.map(() => 0))
  covariance.forEach((row, i) => {
    for (let j = 0; j <= i; j++) {
      const rest = row[j]! - l[i]!.slice(0, j).reduce((sum, each, k) => sum + each * l[j]![k]!, 0)
      l[i]![j] = i === j ? Math.sqrt(rest) : rest / l[j]![j]!
    }
  })
  return l
}

describe('bad parameters', () => {
  const good = [
    [2, 0.5],
    [0.5, 1],
  ]
  const mu = (): tf.Tensor => tf.zeros([2])
  const refuses = (make: () => MultivariateNormal, message: RegExp): void => {
    tf.tidy(() => {
      expect(() => make().validate()).toThrow(InvalidParameterError)
      expect(() => make().validate()).toThrow(message)
    })
  }

  test('are refused by name, index and value when read', () => {
    refuses(
      () =>
        new MultivariateNormal({
          mu: mu(),
          covariance: tf.tensor2d([
            [2, 0.5],
            [0.4, 1],
          ]),
        }),
      /covariance\[1,0\] is 0.4.* and covariance\[0,1\] is 0.5; expected a symmetric/,
    )
    refuses(
      () =>
        new MultivariateNormal({
          mu: mu(),
          covariance: tf.tensor2d([
            [1, 2],
            [2, 1],
          ]),
        }),
      /covariance\[:,:\] is not positive definite.*meets -3 at row 1/,
    )
    refuses(
      () =>
        new MultivariateNormal({
          mu: mu(),
          precision: tf.tensor2d([
            [1, 0],
            [0, -1],
          ]),
        }),
      /precision\[1,1\] is -1; expected a diagonal > 0/,
    )
    refuses(
      () =>
        new MultivariateNormal({
          mu: mu(),
          cholesky: tf.tensor2d([
            [1, 0.5],
            [0, 1],
          ]),
        }),
      /cholesky\[0,1\] is 0.5; expected 0 above the diagonal/,
    )
    refuses(
      () =>
        new MultivariateNormal({
          mu: mu(),
          cholesky: tf.tensor3d([
            good.map((row) => [...row]),
            [
              [1, 0],
              [3, 0],
            ],
          ]),
        }),
      /cholesky\[0,0,1\] is 0.5/,
    )
    refuses(
      () => new MultivariateNormal({ mu: mu(), sigma: tf.tensor1d([1, 0]) }),
      /sigma\[1\] is 0; expected a finite number > 0/,
    )
    refuses(() => new MultivariateNormal({ mu: tf.tensor1d([0, Number.NaN]), sigma: tf.ones([2]) }), /mu\[1\] is NaN/)
    refuses(
      () =>
        new MultivariateNormal({
          mu: mu(),
          covariance: tf.tensor2d([
            [1, Number.NaN],
            [0, 1],
          ]),
        }),
      /covariance\[0,1\] is NaN/,
    )
  })

  test('in one dimension and in a thousand', () => {
    refuses(
      () => new MultivariateNormal({ mu: tf.zeros([1]), covariance: tf.tensor2d([[-2]]) }),
      /covariance\[0,0\] is -2; expected a diagonal > 0/,
    )
    refuses(() => {
      const bad = tf.buffer([1000, 1000], 'float32')
      for (let i = 0; i < 1000; i++) bad.set(1, i, i)
      bad.set(2, 999, 998)
      bad.set(2, 998, 999)
      return new MultivariateNormal({ mu: tf.zeros([1000]), covariance: bad.toTensor() })
    }, /not positive definite.*meets -3 at row 999/)
    const eye = (change: (buffer: tf.TensorBuffer<tf.Rank, 'float32'>) => void): tf.Tensor => {
      const buffer = tf.buffer([1000, 1000], 'float32')
      for (let i = 0; i < 1000; i++) buffer.set(1, i, i)
      change(buffer)
      return buffer.toTensor()
    }
    const thousand = tf.zeros([1000])
    refuses(
      () => new MultivariateNormal({ mu: thousand, precision: eye((buffer) => buffer.set(0.5, 997, 3)) }),
      /precision\[997,3\] is 0.5 and precision\[3,997\] is 0; expected a symmetric matrix/,
    )
    refuses(
      () => new MultivariateNormal({ mu: thousand, cholesky: eye((buffer) => buffer.set(0.5, 3, 997)) }),
      /cholesky\[3,997\] is 0.5; expected 0 above the diagonal/,
    )
    refuses(
      () => new MultivariateNormal({ mu: thousand, covariance: eye((buffer) => buffer.set(Number.NaN, 500, 501)) }),
      /covariance\[500,501\] is NaN/,
    )
    const one = (): tf.Tensor => tf.zeros([1])
    refuses(
      () => new MultivariateNormal({ mu: one(), precision: tf.tensor2d([[0]]) }),
      /precision\[0,0\] is 0; expected a diagonal > 0/,
    )
    refuses(
      () => new MultivariateNormal({ mu: one(), cholesky: tf.tensor2d([[-1]]) }),
      /cholesky\[0,0\] is -1; expected a diagonal > 0/,
    )
    refuses(
      () => new MultivariateNormal({ mu: one(), sigma: tf.tensor1d([-1]) }),
      /sigma\[0\] is -1; expected a finite number > 0/,
    )
    thousand.dispose()
  })

  test('of wrong shape, or none or two of the forms, are refused where the distribution is made', () => {
    tf.tidy(() => {
      const matrix = tf.eye(2)
      expect(() => new MultivariateNormal({ mu: mu() } as never)).toThrow(
        /got mu; expected tensors mu and exactly one of covariance, precision, cholesky, sigma/,
      )
      expect(() => new MultivariateNormal({ mu: mu(), covariance: matrix, sigma: tf.ones([2]) } as never)).toThrow(
        InvalidParameterError,
      )
      expect(() => new MultivariateNormal({ mu: tf.zeros([3]), covariance: matrix })).toThrow(ShapeMismatchError)
      expect(() => new MultivariateNormal({ mu: mu(), covariance: tf.ones([2]) })).toThrow(
        /mu has shape \[2\], covariance \[2\]; expected \[..., n\] and \[..., n, n\]/,
      )
      expect(() => new MultivariateNormal({ mu: tf.zeros([4, 2]), covariance: tf.ones([3, 2, 2]) })).toThrow(/do not broadcast/)
      const d = new MultivariateNormal({ mu: mu(), covariance: matrix })
      expect(() => d.logProb(tf.zeros([3]))).toThrow(/multivariateNormal.logProb: got shape \[3\]; expected \[..., 2\]/)
      expect(() => closedKl(d, new MultivariateNormal({ mu: tf.zeros([3]), sigma: tf.ones([3]) }))).toThrow(
        /length 2, p of length 3/,
      )
    })
  })
})

test('it survives JSON', () => {
  tf.tidy(() => {
    const d = random(2, 3, 'cholesky').make()
    const back = deserializeDistribution(JSON.parse(JSON.stringify(serializeDistribution(d)))) as MultivariateNormal
    expect(back.structure).toBe('cholesky')
    expectTensorsClose(back.logProb(tf.ones([2])), d.logProb(tf.ones([2])))
  })
})
