import { InvalidModelError } from '../errors.ts'
import type { Tape } from '../ir/tape.ts'
import type { Dimension, Value } from '../ir/value.ts'
import type { Signal } from './signal.ts'

/** How many draws a graph makes: a number, or an int64 value of one element that tells it when the graph runs. */
export type SampleCount = number | Value

/** Moves signals between their forms: with the draws in an axis of their own, folded into the batch, or not drawn yet. */
export class SamplesAxis {
  private readonly tape: Tape
  private readonly countOf: () => SampleCount

  /** @param countOf asked only when it is needed: the count may be known no earlier than the first noise */
  constructor(tape: Tape, countOf: () => SampleCount) {
    this.tape = tape
    this.countOf = countOf
  }

  /** [samples, batch, ...] or, if nothing was drawn, [batch, ...]. */
  unfolded(signal: Signal): Signal {
    const { value, samples } = signal
    if (samples !== 'folded') return signal
    const sizes = value.shape.slice(1)
    if (sizes.some((size) => typeof size === 'string')) {
      throw new InvalidModelError(
        `Draws cannot be told from rows in a tensor of shape [${value.shape.join(', ')}]: only the batch may be unknown behind a Bayesian layer. Give the model's inputs full shapes.`,
      )
    }
    const count = this.countOf()
    const rest = [-1, ...(sizes as number[])]
    const target =
      typeof count === 'number'
        ? this.tape.ints([count, ...rest])
        : this.tape.op('Concat', [count, this.tape.ints(rest)], { axis: 0n })
    return { value: this.tape.op('Reshape', [value, target], {}, 'unfold'), samples: 'axis' }
  }

  /** [samples * batch, ...] or, if nothing was drawn, [batch, ...]. */
  folded(signal: Signal): Signal {
    const { value, samples } = signal
    if (samples !== 'axis') return signal
    const sizes = value.shape.slice(2)
    if (sizes.some((size) => typeof size === 'string')) {
      throw new InvalidModelError(
        `Draws cannot be folded into the batch of a tensor of shape [${value.shape.join(', ')}]: only the batch may be unknown behind a Bayesian layer. Give the model's inputs full shapes.`,
      )
    }
    return {
      value: this.tape.op('Reshape', [value, this.tape.ints([-1, ...(sizes as number[])])], {}, 'fold'),
      samples: 'folded',
    }
  }

  /** [samples, batch, ...], the same values in each draw if nothing was drawn yet. */
  repeated(signal: Signal): Signal {
    const { value, samples } = this.unfolded(signal)
    if (samples === 'axis') return { value, samples }
    return { value: this.tape.op('Add', [value, this.zeros(value.rank)], {}, 'repeat'), samples: 'axis' }
  }

  /** Zeros of shape [samples, 1, ..., 1]: adding them repeats a tensor of the given rank without reading off its shape, which a GPU would leave to the CPU. */
  private zeros(rank: number): Value {
    const count = this.countOf()
    if (typeof count === 'number') {
      const shape: Dimension[] = [count, ...Array<number>(rank).fill(1)]
      return this.tape.constant(`zeros_${count}_rank_${rank}`, () => [new Float32Array(count), shape as number[]])
    }
    const line = this.tape.op('Expand', [this.tape.constant('zeros_1', () => [new Float32Array(1), [1]]), count], {}, 'zeros')
    return this.tape.op('Unsqueeze', [line, this.tape.ints(Array.from({ length: rank }, (_, axis) => axis + 1))], {}, 'zeros')
  }
}
