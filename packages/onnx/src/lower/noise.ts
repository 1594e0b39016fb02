import { type DrawMethod, standardDraws, streamSeed } from '../draws/standardDraws.ts'
import { InvalidModelError } from '../errors.ts'
import type { Tape } from '../ir/tape.ts'
import type { Value } from '../ir/value.ts'
import type { SampleCount, SamplesAxis } from './samplesAxis.ts'
import type { Signal } from './signal.ts'

/** Hands out one noise tensor per call of a Bayesian layer, in the order of the calls. */
export interface GraphNoise {
  /**
   * @param mean the mean of what is to be drawn, unfolded
   * @returns noise that broadcasts to [samples, ...shape of one draw]
   */
  next(mean: Signal): Value
  /** How many draws: known, at the latest, once noise was handed out. */
  readonly samples: SampleCount
}

/** Noise as inputs `noise_0`, `noise_1`, ... of the graph, [samples, batch, ...] each: the same answer on every engine. */
export class InputNoise implements GraphNoise {
  private readonly tape: Tape
  private readonly fixedSamples: number | undefined
  private readonly inputs: Value[] = []
  private count: Value | undefined

  /** @param fixedSamples how many draws; undefined: as many as the noise has when the graph runs */
  constructor(tape: Tape, fixedSamples: number | undefined) {
    this.tape = tape
    this.fixedSamples = fixedSamples
  }

  get samples(): SampleCount {
    if (this.fixedSamples != null) return this.fixedSamples
    this.count ??= this.tape.op('Shape', [this.inputs[0]], { start: 0n, end: 1n }, 'samples')
    return this.count
  }

  next({ value, samples }: Signal): Value {
    const shapeOfDraw = samples === 'axis' ? value.shape.slice(1) : value.shape
    const noise = this.tape.input(`noise_${this.inputs.length}`, 'float', [this.fixedSamples ?? 'samples', ...shapeOfDraw])
    this.inputs.push(noise)
    return this.tape.cast(noise)
  }
}

/** Noise drawn inside the graph, anew at each run. */
export class DrawnNoise implements GraphNoise {
  readonly samples: SampleCount
  private readonly tape: Tape
  private readonly samplesAxis: SamplesAxis
  private readonly seed: number | undefined
  private calls = 0

  /** @param seed with which a session's noise begins, each call of a Bayesian layer with its own; undefined: what the engine takes */
  constructor(tape: Tape, samplesAxis: SamplesAxis, samples: SampleCount, seed: number | undefined) {
    this.tape = tape
    this.samplesAxis = samplesAxis
    this.samples = samples
    this.seed = seed
  }

  next(mean: Signal): Value {
    const attributes = this.seed == null ? {} : { seed: streamSeed(this.seed, this.calls++) >>> (32 - SEED_BITS) }
    return this.tape.op('RandomNormalLike', [this.samplesAxis.repeated(mean).value], attributes, 'noise')
  }
}

/** The operator's seed is a float32, which engines turn into an integer: of so many bits each is one. */
const SEED_BITS = 24

/** Noise stored in the file: S draws per unit, shared by all rows. */
export class BakedNoise implements GraphNoise {
  readonly samples: number
  private readonly tape: Tape
  private readonly method: DrawMethod
  private readonly seed: number
  private calls = 0

  /** @param seed of the first call of a Bayesian layer; each further one has its own */
  constructor(tape: Tape, samples: number, method: DrawMethod, seed: number) {
    this.tape = tape
    this.samples = samples
    this.method = method
    this.seed = seed
  }

  next({ value, samples }: Signal): Value {
    const unitShape = value.shape.slice(samples === 'axis' ? 2 : 1)
    if (unitShape.some((size) => typeof size === 'string')) {
      throw new InvalidModelError(
        `Draws cannot be stored for a layer whose output has the shape [${value.shape.join(', ')}]: only the batch may be unknown. Give the model's inputs full shapes, or use noise: 'graph'.`,
      )
    }
    const shape = unitShape as number[]
    const size = shape.reduce((total, length) => total * length, 1)
    const seed = streamSeed(this.seed, this.calls++)
    const draws = standardDraws({ samples: this.samples, size, seed, method: this.method })
    return this.tape.initializer(draws, [this.samples, 1, ...shape], 'noise')
  }
}
