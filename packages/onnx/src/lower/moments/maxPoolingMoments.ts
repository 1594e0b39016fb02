import { InvalidModelError } from '../../errors.ts'
import type { Tape } from '../../ir/tape.ts'
import type { Value } from '../../ir/value.ts'
import { padsOf, type WindowSettings } from '../windows.ts'
import { maximumMoments, type Uncertain } from './gaussianMoments.ts'

/** The elements at one place in the window, of all windows along an axis. */
interface Tap {
  readonly elements: Uncertain
  /** For each window whether there is an element, not padding, whose mean and variance are 0. */
  readonly present: readonly boolean[]
}

/**
 * The moments of the maximum over each window, by Clark's moments of two, pair by pair: exact for two, and close for the few of a window. Axis by axis, so that
 * a window of n x m takes n + m - 2 pairs, and not n m - 1. Padding is no element: where one of a pair is padding, the other is the maximum.
 *
 * @param x all sizes but the batch's known
 * @throws InvalidModelError where a window is longer than its axis
 */
export function maxPoolingMoments(
  tape: Tape,
  x: Uncertain,
  { size, strides, padding, channelsFirst }: WindowSettings,
): Uncertain {
  const firstAxis = channelsFirst ? 2 : 1
  return size.reduce((rest, reach, axis) => maximaAlong(tape, rest, axis + firstAxis, reach, strides[axis]!, padding), x)
}

function maximaAlong(tape: Tape, x: Uncertain, axis: number, reach: number, stride: number, padding: string): Uncertain {
  if (reach === 1 && stride === 1) return x
  const length = x.mean.shape[axis] as number
  const [before, after] = padding === 'same' ? padsOf(length, reach, stride)! : [0, 0]
  const windows = Math.floor((length + before + after - reach) / stride) + 1
  if (windows < 1) {
    throw new InvalidModelError(
      `shapes that do not fit, a window of ${reach} on an axis of ${length}; tfjs would find that when it runs the model.`,
    )
  }
  const padded = {
    mean: withZeros(tape, x.mean, axis, before, after),
    variance: withZeros(tape, x.variance, axis, before, after),
  }
  const elementsAt = strided(tape, axis, windows, stride)
  const parts = { mean: elementsAt(padded.mean), variance: elementsAt(padded.variance) }
  const tap = (offset: number): Tap => {
    const present = Array.from({ length: windows }, (_, window) => {
      const place = window * stride + offset - before
      return place >= 0 && place < length
    })
    return { elements: { mean: parts.mean(offset), variance: parts.variance(offset) }, present }
  }
  const maskShape = [windows, ...Array<number>(x.mean.rank - axis - 1).fill(1)]
  let taps = Array.from({ length: reach }, (_, offset) => tap(offset))
  while (taps.length > 1) {
    taps = taps.flatMap((one, index) => {
      if (index % 2 === 1) return []
      const other = taps[index + 1]
      return other == null ? [one] : [maximumOfTaps(tape, one, other, maskShape)]
    })
  }
  return taps[0]!.elements
}

/** Of all windows the elements at an offset. */
function strided(tape: Tape, axis: number, windows: number, stride: number): (x: Value) => (offset: number) => Value {
  return (x) => (offset) => {
    const end = offset + (windows - 1) * stride + 1
    return tape.op('Slice', [x, tape.ints([offset]), tape.ints([end]), tape.ints([axis]), tape.ints([stride])])
  }
}

/**
 * The moments of the maximum along one axis, pair by pair as above: half of the elements against the other half, until one is left.
 *
 * @param axis its size known; it keeps 1
 */
export function maximumMomentsAlong(tape: Tape, x: Uncertain, axis: number): Uncertain {
  const part = ({ mean, variance }: Uncertain, start: number, end: number): Uncertain => {
    const taken = (from: Value): Value =>
      tape.op('Slice', [from, tape.ints([start]), tape.ints([end]), tape.ints([axis]), tape.ints([1])])
    return { mean: taken(mean), variance: taken(variance) }
  }
  const joined = (a: Value, b: Value): Value => tape.op('Concat', [a, b], { axis: BigInt(axis) })
  let rest = x
  for (let size = x.mean.shape[axis] as number; size > 1; size = Math.ceil(size / 2)) {
    const half = Math.floor(size / 2)
    const maximum = maximumMoments(tape, part(rest, 0, half), part(rest, half, 2 * half))
    const odd = size > 2 * half ? part(rest, 2 * half, size) : undefined
    rest = odd == null ? maximum : { mean: joined(maximum.mean, odd.mean), variance: joined(maximum.variance, odd.variance) }
  }
  return rest
}

function maximumOfTaps(tape: Tape, x: Tap, y: Tap, maskShape: readonly number[]): Tap {
  const maximum = maximumMoments(tape, x.elements, y.elements)
  const both = x.present.map((present, window) => present && y.present[window]!)
  const present = x.present.map((present, window) => present || y.present[window]!)
  if (both.every(Boolean)) return { elements: maximum, present }
  const mask = (of: readonly boolean[], hint: string): Value => tape.initializer(Float32Array.from(of, Number), maskShape, hint)
  const twoMask = mask(both, 'both')
  const oneMask = mask(
    present.map((any, window) => any && !both[window]!),
    'only_one',
  )
  // Padding is 0, so that a sum of two of which one is padding is the other.
  const chosen = (ofTwo: Value, a: Value, b: Value): Value =>
    tape.op('Add', [tape.op('Mul', [ofTwo, twoMask]), tape.op('Mul', [tape.op('Add', [a, b]), oneMask])])
  const elements = {
    mean: chosen(maximum.mean, x.elements.mean, y.elements.mean),
    variance: chosen(maximum.variance, x.elements.variance, y.elements.variance),
  }
  return { elements, present }
}

function withZeros(tape: Tape, x: Value, axis: number, before: number, after: number): Value {
  if (before === 0 && after === 0) return x
  const ofAxes = (pad: number): readonly number[] => x.shape.map((_, other) => (other === axis ? pad : 0))
  return tape.op('Pad', [x, tape.ints([...ofAxes(before), ...ofAxes(after)]), tape.scalar(0)])
}
