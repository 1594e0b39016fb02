import * as tf from '@tensorflow/tfjs'
import { NoiseError } from './errors.ts'
import type { NoiseSource } from './noise/noiseSource.ts'

/** What the weights of a forward pass are: the posterior's means, or a draw. */
export type Mode = 'mean' | 'sample'

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
  private readonly participants = new Map<PassParticipant, Participation>()
  private readonly kept: tf.Tensor[] = []
  private readonly anchor: tf.Tensor | undefined
  private nextStream = 0

  /**
   * @param mode 'mean': posterior means; 'sample': a draw
   * @param noise where the draw's noise comes from; needed by 'sample'
   * @throws NoiseError where mode is 'sample' and there is no noise
   */
  constructor({ mode, noise }: { readonly mode: Mode; readonly noise?: NoiseSource }) {
    if (mode !== 'mean' && mode !== 'sample')
      throw new NoiseError(`ForwardPass: mode is ${JSON.stringify(mode)}; expected 'mean' or 'sample'.`)
    if (mode === 'sample' && noise === undefined) {
      throw new NoiseError(`ForwardPass: mode 'sample' needs noise. Give seededNoise(seed, counter), or givenNoise(tensors).`)
    }
    this.mode = mode
    this.noiseSource = noise
    this.anchor = this.dropAnchor()
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

  /** New noise at each call. Layers call it. */
  noise(layer: PassParticipant, slot: string, shape: readonly number[]): tf.Tensor {
    return this.noiseOf(layer, slot, shape, this.nextStream++)
  }

  /** The same noise at each call of a layer's slot in this pass. Layers call it. */
  sharedNoise(layer: PassParticipant, slot: string, shape: readonly number[]): tf.Tensor {
    const { streams } = this.participation(layer)
    let stream = streams.get(slot)
    if (stream === undefined) {
      stream = this.nextStream++
      streams.set(slot, stream)
    }
    return this.noiseOf(layer, slot, shape, stream)
  }

  /**
   * What a layer computes once a pass; it lives until the scope ends in which the pass was made. Layers call it.
   *
   * A value whose scope has ended is made again, which gives the same bits, since noise is a pure function of its stream.
   */
  once(layer: PassParticipant, key: string, make: () => tf.Tensor): tf.Tensor {
    const { values } = this.participation(layer)
    const known = values.get(key)
    if (known !== undefined && !known.isDisposed) return known
    const value = make()
    if (this.anchor !== undefined && !this.anchor.isDisposed) this.kept.push(tf.keep(value))
    values.set(key, value)
    return value
  }

  private participation(layer: PassParticipant): Participation {
    let found = this.participants.get(layer)
    if (found === undefined) {
      found = { streams: new Map(), values: new Map() }
      this.participants.set(layer, found)
    }
    return found
  }

  private noiseOf(layer: PassParticipant, slot: string, shape: readonly number[], stream: number): tf.Tensor {
    if (this.noiseSource === undefined) throw new NoiseError(`Layer "${layer.name}" asks for noise in mode '${this.mode}'.`)
    let noise: tf.Tensor
    try {
      noise = this.noiseSource(shape, stream)
    } catch (error) {
      throw new NoiseError(`Layer "${layer.name}", ${slot}: ${error instanceof Error ? error.message : String(error)}`, {
        cause: error,
      })
    }
    if (!tf.util.arraysEqual(noise.shape, [...shape])) {
      throw new NoiseError(`Layer "${layer.name}", ${slot}: the noise source gave shape [${noise.shape}]; expected [${shape}].`)
    }
    return noise
  }

  /**
   * A tensor of the scope in which the pass is made: tfjs disposes it when that scope ends, and with it what the pass kept beyond the inner
   * scopes of models and layers. Outside any scope nothing would ever dispose it, so there nothing is kept.
   */
  private dropAnchor(): tf.Tensor | undefined {
    if (tf.engine().state.activeScope == null) return undefined
    const anchor = tf.scalar(0)
    const dispose = anchor.dispose.bind(anchor)
    anchor.dispose = () => {
      for (const tensor of this.kept.splice(0)) tensor.dispose()
      dispose()
    }
    return anchor
  }
}

interface Participation {
  /** The noise stream of each slot that draws once a pass. */
  readonly streams: Map<string, number>
  readonly values: Map<string, tf.Tensor>
}
