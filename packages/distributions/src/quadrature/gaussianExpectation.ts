import * as tf from '@tensorflow/tfjs'
import type { Distribution } from '../distribution.ts'
import type { Normal } from '../families/normal.ts'
import { sumTo } from '../numerics/elementwise.ts'
import { lazy } from '../numerics/lazy.ts'
import { isDifferentiating, valueAndGradients } from '../numerics/valueAndGradients.ts'
import { broadcastShape, type Parameter } from '../parameter.ts'
import { tensorsOf, withTensors } from '../parameterTensors.ts'

/** Where to evaluate an integrand, and with what weight: of one node, or of several along a new first axis. */
interface GaussianNodes {
  /** In standard deviations of q from its mean. */
  readonly z: Parameter
  readonly weight: Parameter
}

/** A quadrature rule for expectations under a normal q, whose nodes may depend on q and on the other distribution involved. */
export interface GaussianRule<P extends Distribution> {
  readonly count: number
  /** What the nodes have in common, computed once; no gradient flows through it. */
  readonly shared?: (q: Normal, p: P) => tf.Tensor[]
  /**
   * Computes some of the nodes.
   *
   * @param of picks those nodes' entries from a list with one entry a node: a number for one node, a tensor with a first axis for several
   */
  readonly nodes: (of: (entries: readonly number[]) => Parameter, shared: readonly tf.Tensor[]) => GaussianNodes
}

/**
 * So many elements are evaluated at once: as many nodes of a small tensor, because every op has its overhead; one node after the other of a large one,
 * because 32 nodes of a million weights are gigabytes. This many float32 numbers also stay in a core's cache from op to op.
 */
const ELEMENTS_AT_ONCE = 2 ** 16

/**
 * E f(x), x ~ q, by the given rule, elementwise: the sum over the nodes of weight * f(mu + sigma z).
 *
 * Reparameterized: with the nodes held fixed, gradients flow through mu + sigma z and through p; first derivatives only. The memory is that of
 * one node, or of a few where the tensors are small. The derivatives by mu and sigma, sums of weight * f' and weight * z f', are gathered in the same pass as the
 * value, for then a node is computed once; those by p's tensors, which few have, in a pass of their own.
 *
 * @param p a distribution that f depends on
 * @param f of x, [...batch] or [nodes, ...batch], and of a p that stands for the given one; elementwise, differentiable
 * @returns shape: the broadcast of both batch shapes
 */
export function gaussianExpectation<P extends Distribution>(q: Normal, p: P, rule: GaussianRule<P>, f: Integrand<P>): tf.Tensor {
  const shape = broadcastShape('expectation', { q: q.batchShape, p: p.batchShape })
  const ofQ = tensorsOf(q)
  const inputs = [...ofQ, ...tensorsOf(p)]
  if (inputs.length === 0) return tf.tidy(() => valueOnly(new Sweep(q, p, rule, shape), f))
  const compute = tf.customGrad((...args: (tf.Tensor | tf.GradSaveFunc)[]) => {
    const save = args.pop() as tf.GradSaveFunc
    const sweep = new Sweep(q, p, rule, shape)
    const differentiating = ofQ.length > 0 && isDifferentiating()
    const [value, ...slopes] = differentiating ? withSlopes(sweep, f) : [valueOnly(sweep, f)]
    save([...inputs, ...slopes])
    const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]): tf.Tensor[] => {
      const given = saved.slice(0, inputs.length)
      const [byMu, bySigma] = saved.slice(inputs.length)
      const slopesOfQ = typeof q.mu === 'number' ? [bySigma!] : [byMu!, bySigma!]
      const byP = lazy(() => {
        const [qNow, pNow] = [withTensors(q, given.slice(0, ofQ.length)), withTensors(p, given.slice(ofQ.length))]
        return gradientsByP(new Sweep(qNow, pNow, rule, shape), f, dy)
      })
      return given.map((input, i) => (i < ofQ.length ? sumTo(tf.mul(dy, slopesOfQ[i]!), input.shape) : byP()[i - ofQ.length]!))
    }
    return { value: value!, gradFunc }
  })
  return compute(...inputs)
}

/** Some nodes of a rule: tensors of the full shape, with a first axis of nodes where there are several. */
interface SomeNodes {
  readonly x: tf.Tensor
  readonly z: Parameter
  readonly weight: tf.Tensor
  /** Adds up over those nodes. */
  readonly total: (each: tf.Tensor) => tf.Tensor
}

/** The nodes of a rule, some at a time. */
class Sweep<P extends Distribution> {
  readonly p: P
  readonly #q: Normal
  readonly #rule: GaussianRule<P>
  readonly #shape: readonly number[]
  readonly #shared: readonly tf.Tensor[]

  constructor(q: Normal, p: P, rule: GaussianRule<P>, shape: readonly number[]) {
    this.p = p
    this.#q = q
    this.#rule = rule
    this.#shape = shape
    this.#shared = rule.shared?.(q, p) ?? []
  }

  /** Adds up over all nodes what `terms` computes for some of them. */
  sum(terms: (some: SomeNodes) => tf.Tensor[]): tf.Tensor[] {
    const { count } = this.#rule
    const size = tf.util.sizeFromShape([...this.#shape])
    const atOnce = Math.min(count, Math.max(1, Math.floor(ELEMENTS_AT_ONCE / Math.max(1, size))))
    let sums: tf.Tensor[] = []
    for (let start = 0; start < count; start += atOnce) {
      const before = sums
      sums = tf.tidy(() => {
        const some = terms(this.#nodes(start, Math.min(start + atOnce, count)))
        return before.length === 0 ? some : some.map((each, k) => tf.add(each, before[k]!))
      })
      tf.dispose(before)
    }
    return sums
  }

  #nodes(start: number, end: number): SomeNodes {
    const several = end - start > 1
    const full = several ? [end - start, ...this.#shape] : [...this.#shape]
    const of = (entries: readonly number[]): Parameter =>
      several ? tf.tensor(entries.slice(start, end), [end - start, ...this.#shape.map(() => 1)]) : entries[start]!
    const { z, weight } = this.#rule.nodes(of, this.#shared)
    return {
      x: tf.broadcastTo(tf.add(this.#q.mu, tf.mul(this.#q.sigma, z)), full),
      z,
      weight: typeof weight === 'number' ? tf.fill(full, weight) : tf.broadcastTo(weight, full),
      total: several ? (each) => tf.sum(each, 0) : (each) => each,
    }
  }
}

type Integrand<P extends Distribution> = (x: tf.Tensor, p: P) => tf.Tensor

function valueOnly<P extends Distribution>(sweep: Sweep<P>, f: Integrand<P>): tf.Tensor {
  return sweep.sum(({ x, weight, total }) => [total(tf.mul(f(x, sweep.p), weight))])[0]!
}

/** The value and its derivatives by mu and sigma. */
function withSlopes<P extends Distribution>(sweep: Sweep<P>, f: Integrand<P>): tf.Tensor[] {
  return sweep.sum(({ x, z, weight, total }) => {
    const { value, gradients } = valueAndGradients((at) => f(at, sweep.p), [x], weight)
    const slope = gradients[0]!
    return [tf.mul(value, weight), slope, tf.mul(slope, z)].map(total)
  })
}

/** The gradients by p's tensors, of whatever shape those have. */
function gradientsByP<P extends Distribution>(sweep: Sweep<P>, f: Integrand<P>, dy: tf.Tensor): tf.Tensor[] {
  return sweep.sum(
    ({ x, weight }) =>
      valueAndGradients((...given) => f(x, withTensors(sweep.p, given)), tensorsOf(sweep.p), tf.mul(dy, weight)).gradients,
  )
}

/** exp(-z^2 / 2), which is the standard normal density times {@link ROOT_TWO_PI}: rules divide their weights by that. */
export function bell(z: tf.Tensor): tf.Tensor {
  return tf.exp(tf.mul(tf.square(z), -0.5))
}

export const ROOT_TWO_PI: number = Math.sqrt(2 * Math.PI)

/** How many standard deviations of q the rules with panels look at on either side: 2e-9 of its mass is further out. */
export const REACH = 6
