import * as tf from '@tensorflow/tfjs'
import type { NoiseKind } from '../distribution.ts'
import { elementwise } from '../numerics/elementwise.ts'
import { lazy } from '../numerics/lazy.ts'
import { nanOutsideUnit } from '../numerics/nanOutsideUnit.ts'
import { broadcastShape, type Parameter } from '../parameter.ts'
import { ParametricDistribution } from './parametric.ts'
import type { StandardForm } from './standardForm.ts'

/** x = location + scale * z with z from a standard form: one rule for the densities, samplers and distribution functions of such families. */
export abstract class LocationScale<Family extends string, Name extends string> extends ParametricDistribution<Family, Name> {
  /** The distribution of z. */
  protected abstract readonly standard: StandardForm
  protected abstract readonly location: Parameter
  protected abstract readonly scale: Parameter

  get noiseKind(): NoiseKind {
    return this.standard.noiseKind
  }

  logProb(x: tf.Tensor): tf.Tensor {
    const { logDensity, score, outside } = this.standard
    this.checkShape('logProb', 'x', x)
    return elementwise([x, this.location, this.scale], {
      value: ([x, location, scale], save) => {
        const z = standardize(x, location, scale)
        save(z)
        return tf.sub(logDensity(z), tf.log(scale))
      },
      derivatives: ([, , scale], [z]) => {
        const slope = lazy(() => tf.div(score(z!), scale))
        const byScale = (): tf.Tensor => tf.sub(tf.div(-1, scale), tf.mul(z!, slope()))
        return [slope, () => tf.neg(slope()), () => (outside ? tf.where(outside(z!), tf.zerosLike(z!), byScale()) : byScale())]
      },
    })
  }

  sample(noise: tf.Tensor): tf.Tensor {
    this.checkShape('sample', 'noise', noise)
    return tf.tidy(() => tf.add(this.location, tf.mul(this.scale, this.standardDraw(noise))))
  }

  entropy(): tf.Tensor {
    return tf.tidy(() => this.ofBatch(tf.add(tf.log(this.scale), this.standard.entropy)))
  }

  override cdf(x: tf.Tensor): tf.Tensor {
    const { cdf, logDensity } = this.standard
    return this.ofStandardized('cdf', x, cdf, (z) => tf.exp(logDensity(z)))
  }

  override logCdf(x: tf.Tensor): tf.Tensor {
    const { logCdf, logDensity, logCdfSlope } = this.standard
    return this.ofStandardized('logCdf', x, logCdf, (z, value) => hazard(logDensity(z), value, logCdfSlope?.(z)))
  }

  override logSurvival(x: tf.Tensor): tf.Tensor {
    const { logSurvival, logDensity, logSurvivalSlope } = this.standard
    return this.ofStandardized('logSurvival', x, logSurvival, (z, value) =>
      tf.neg(hazard(logDensity(z), value, logSurvivalSlope && tf.neg(logSurvivalSlope(z)))),
    )
  }

  override quantile(p: tf.Tensor): tf.Tensor {
    this.checkShape('quantile', 'p', p)
    return tf.tidy(() => tf.add(this.location, tf.mul(this.scale, tf.add(this.standardQuantile(p), nanOutsideUnit(p)))))
  }

  /** A draw of z. */
  protected standardDraw(noise: tf.Tensor): tf.Tensor {
    return this.noiseKind === 'normal' ? noise : this.standardQuantile(openUnit(noise))
  }

  private standardQuantile(p: tf.Tensor): tf.Tensor {
    return elementwise([p], {
      value: ([p], save) => {
        const z = this.standard.quantile(p)
        save(z)
        return z
      },
      derivatives: (_, [z]) => [() => tf.exp(tf.neg(this.standard.logDensity(z!)))],
    })
  }

  /** A function of z = (x - location) / scale with its slope in z. */
  private ofStandardized(
    method: string,
    x: tf.Tensor,
    value: (z: tf.Tensor) => tf.Tensor,
    slope: (z: tf.Tensor, value: tf.Tensor) => tf.Tensor,
  ): tf.Tensor {
    this.checkShape(method, 'x', x)
    return elementwise([x, this.location, this.scale], {
      value: ([x, location, scale], save) => {
        const z = standardize(x, location, scale)
        const result = value(z)
        save(z, result)
        return result
      },
      derivatives: ([, , scale], [z, result]) => {
        const byX = lazy(() => tf.div(slope(z!, result!), scale))
        // Bounded, since either factor can be infinite where the other is 0: far out, and at the end of a half-line.
        const byScale = (): tf.Tensor => tf.neg(tf.mul(bounded(z!), bounded(byX())))
        return [byX, () => tf.neg(byX()), byScale]
      },
    })
  }

  private checkShape(method: string, name: string, x: tf.Tensor): void {
    broadcastShape(`${this.family}.${method}`, { [name]: x.shape, batch: this.batchShape })
  }
}

/** The largest float32, nearly: stands for infinity where it meets a 0. */
const LARGEST = 3e38

function bounded(x: tf.Tensor): tf.Tensor {
  return tf.clipByValue(x, -LARGEST, LARGEST)
}

/**
 * Uniform noise moved off the ends of the unit interval, where a quantile may be infinite: by half the spacing of 23-bit random numbers.
 * A draw from noise inside is exactly its quantile.
 */
export function openUnit(noise: tf.Tensor): tf.Tensor {
  return tf.clipByValue(noise, 2 ** -24, 1 - 2 ** -24)
}

function standardize(x: Parameter, location: Parameter, scale: Parameter): tf.Tensor {
  return tf.div(location === 0 ? x : tf.sub(x, location), scale)
}

/**
 * Density over (cumulated) probability, given or from their logarithms; 0 where there is no density, even where there is no probability either.
 */
function hazard(logDensity: tf.Tensor, logProbability: tf.Tensor, ratio?: tf.Tensor): tf.Tensor {
  const none = tf.equal(logDensity, Number.NEGATIVE_INFINITY)
  return tf.where(none, tf.zerosLike(logDensity), ratio ?? tf.exp(tf.sub(logDensity, logProbability)))
}
