import type { Tape } from '../ir/tape.ts'
import type { Value } from '../ir/value.ts'
import type { SampleCount, SamplesAxis } from './samplesAxis.ts'
import type { Signal } from './signal.ts'

/** Where the standard normal numbers of a graph come from. */
export type NoiseOption = 'input' | 'graph'

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
    return noise
  }
}

/** Noise drawn inside the graph. The operator gets no seed, so each run draws anew. */
export class DrawnNoise implements GraphNoise {
  readonly samples: SampleCount
  private readonly tape: Tape
  private readonly samplesAxis: SamplesAxis

  constructor(tape: Tape, samplesAxis: SamplesAxis, samples: SampleCount) {
    this.tape = tape
    this.samplesAxis = samplesAxis
    this.samples = samples
  }

  next(mean: Signal): Value {
    return this.tape.op('RandomNormalLike', [this.samplesAxis.repeated(mean).value], {}, 'noise')
  }
}
