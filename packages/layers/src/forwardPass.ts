import * as tf from '@tensorflow/tfjs'
import { NoiseError } from './errors.ts'
import type { NoiseSource } from './noise/noiseSource.ts'
import { ScopeMemory } from './scopeMemory.ts'

/** What the weights of a forward pass are: the posterior's means, or a draw. */
export type Mode = 'mean' | 'sample'

export interface ForwardPassOptions {
  readonly mode: Mode
  readonly noise?: NoiseSource
  readonly sharing?: ForwardPass
}

/** A layer that takes part in a pass. */
export interface PassParticipant {
  readonly name: string
  /** KL(posterior || prior) of all its weights in this pass: a scalar in nats, which the caller owns. */
  kl(pass: ForwardPass): tf.Scalar
}

/**
 * One run of a model: whether its Bayesian layers use means or draws, with which noise, and the KL divergence of those that took part.
 *
 * ```ts
 * tf.tidy(() => {
 *   const pass = new ForwardPass({ mode: 'sample', noise: seededNoise(7, 0) })
 *   const y = model.apply(x, { pass }) as tf.Tensor
 *   const kl = pass.kl()
 * })
 * ```
 *
 * Make it inside the `tf.tidy` (or the function under a gradient) in which it is used, and use it for one run: what the layers compute once a pass
 * (sigma, a weight draw) lives until that scope ends. A layer that occurs twice in the model uses one weight draw and counts its KL once.
 */
export class ForwardPass {
  readonly mode: Mode
  private readonly noiseSource: NoiseSource | undefined
  /** Those that take part, with the noise stream of each slot that draws once a pass. */
  private readonly participants = new Map<PassParticipant, Map<string, number>>()
  private readonly drawn = new ScopeMemory()
  private readonly fixed: ScopeMemory
  private nextStream = 0

  /**
   * @param options.mode 'mean': posterior means; 'sample': a draw
   * @param options.noise where the draw's noise comes from, of the shape asked for or with one row for all; needed by 'sample'
   * @param options.sharing another pass over the same model, made in this scope or one around it: what no noise changes is taken over from it, with the
   *   same bits (sigma of every weight, and the moments of the first Bayesian layer where its input is the same tensor)
   * @throws NoiseError where mode is 'sample' and there is no noise
   */
  constructor({ mode, noise, sharing }: ForwardPassOptions) {
    if (mode !== 'mean' && mode !== 'sample')
      throw new NoiseError(`ForwardPass: mode is ${JSON.stringify(mode)}; expected 'mean' or 'sample'.`)
    if (mode === 'sample' && noise === undefined) {
      throw new NoiseError(`ForwardPass: mode 'sample' needs noise. Give seededNoise(seed, counter), or givenNoise(tensors).`)
    }
    this.mode = mode
    this.noiseSource = noise
    this.fixed = sharing?.fixed ?? new ScopeMemory()
  }

  /**
   * KL(posterior || prior), summed over all weights of all Bayesian layers that took part, each layer once.
   *
   * Call it in the scope in which the pass was made, after the model was applied.
   *
   * @returns scalar in nats; 0 where no Bayesian layer took part
   */
  kl(): tf.Scalar {
    return tf.tidy(() => {
      let total = tf.scalar(0)
      for (const layer of this.participants.keys()) total = total.add(layer.kl(this))
      return total
    })
  }

  /** Enters a layer whose KL counts. Layers call it. */
  join(layer: PassParticipant): void {
    this.participation(layer)
  }

  /** New noise at each call, one number for each place or the same for all rows (with 1 as the first axis). Layers call it. */
  noise(layer: PassParticipant, slot: string, shape: readonly number[]): tf.Tensor {
    return this.noiseOf(layer, slot, [shape, [1, ...shape.slice(1)]], this.nextStream++)
  }

  /** New random signs, -1 or 1, at each call. Layers call it. */
  signs(layer: PassParticipant, slot: string, shape: readonly number[]): tf.Tensor {
    const stream = this.nextStream++
    const cheap = this.noiseSource?.signs
    return cheap === undefined ? signOf(this.noiseOf(layer, slot, [shape], stream)) : cheap(shape, stream)
  }

  /** The same noise at each call of a layer's slot in this pass. Layers call it. */
  sharedNoise(layer: PassParticipant, slot: string, shape: readonly number[]): tf.Tensor {
    const streams = this.participation(layer)
    let stream = streams.get(slot)
    if (stream === undefined) {
      stream = this.nextStream++
      streams.set(slot, stream)
    }
    return this.noiseOf(layer, slot, [shape], stream)
  }

  /**
   * What a layer computes once a pass; it lives until the scope ends in which the pass was made. Layers call it.
   *
   * A value whose scope has ended is made again, which gives the same bits, since noise is a pure function of its stream.
   */
  once(layer: PassParticipant, key: string, make: () => tf.Tensor): tf.Tensor {
    return this.drawn.once(layer, key, make)
  }

  /** What a layer computes from its variables alone: once for all passes that share. Layers call it. */
  onceForAll(layer: PassParticipant, key: string, make: () => tf.Tensor): tf.Tensor {
    return this.fixed.once(layer, key, make)
  }

  /** {@link onceForAll} for several values that are computed together. Layers call it. */
  allOnceForAll<Values extends tf.Tensor[]>(layer: PassParticipant, key: string, make: () => Values): Values {
    return this.fixed.allOnce(layer, key, make)
  }

  /**
   * What a layer computes from its variables and its input: once for all passes that share and feed it the same tensor, before any noise was asked for
   * (later inputs differ from draw to draw, and remembering them would only cost memory). Layers call it.
   */
  onceForInput(layer: PassParticipant, key: string, x: tf.Tensor, make: () => tf.Tensor): tf.Tensor {
    if (this.nextStream > 0) return make()
    return this.fixed.once(layer, `${key} of [${x.shape}]`, make, x.dataId)
  }

  private participation(layer: PassParticipant): Map<string, number> {
    let found = this.participants.get(layer)
    if (found === undefined) {
      found = new Map()
      this.participants.set(layer, found)
    }
    return found
  }

  private noiseOf(layer: PassParticipant, slot: string, shapes: readonly (readonly number[])[], stream: number): tf.Tensor {
    if (this.noiseSource === undefined) throw new NoiseError(`Layer "${layer.name}" asks for noise in mode '${this.mode}'.`)
    let noise: tf.Tensor
    try {
      noise = this.noiseSource(shapes[0]!, stream)
    } catch (error) {
      throw new NoiseError(`Layer "${layer.name}", ${slot}: ${error instanceof Error ? error.message : String(error)}`, {
        cause: error,
      })
    }
    if (!shapes.some((shape) => tf.util.arraysEqual(noise.shape, [...shape]))) {
      throw new NoiseError(
        `Layer "${layer.name}", ${slot}: the noise source gave shape [${noise.shape}]; expected [${shapes[0]}].`,
      )
    }
    return noise
  }
}

/** -1 or 1, by the sign of a number; unlike tf.sign never 0, which a float32 draw does hit. */
function signOf(noise: tf.Tensor): tf.Tensor {
  return tf.tidy(() => noise.greaterEqual(0).toFloat().mul(2).sub(1))
}
