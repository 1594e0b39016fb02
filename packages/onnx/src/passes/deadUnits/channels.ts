import type { Node } from '../../ir/node.ts'
import type { Dimension } from '../../ir/value.ts'
import { elementwise } from '../../ops/elementwise.ts'

/** Something known of each channel of a tensor, along one axis. */
export interface Channels<T> {
  readonly axis: number
  readonly of: readonly T[]
}

/** Where an axis of one tensor is in another: each channel there `outer` times, `inner` times in a row. */
export interface AxisMove {
  readonly axis: number
  readonly outer: number
  readonly inner: number
}

const POOLS = new Set(['MaxPool', 'AveragePool', 'GlobalMaxPool', 'GlobalAveragePool'])

/** Whether the node works element by element, broadcasting its inputs. */
export function isElementwise({ opType, outputs }: Node): boolean {
  return Object.hasOwn(elementwise, opType) && !opType.endsWith('Softmax') && outputs.length === 1
}

/**
 * Where the channels of a node's first input are in its result, for nodes that do nothing but move, repeat or gather what is at the same channel.
 *
 * @returns undefined where the node mixes channels, or may
 */
export function moved(node: Node, axis: number): AxisMove | undefined {
  const { opType, inputs, outputs, attributes } = node
  const same = { outer: 1, inner: 1 }
  if (POOLS.has(opType)) return axis === 1 ? { axis, ...same } : undefined
  switch (opType) {
    case 'RandomNormalLike':
      return { axis, ...same }
    case 'Slice':
      return slices(node, axis) ? undefined : { axis, ...same }
    case 'Transpose': {
      const perm = (attributes['perm'] as readonly bigint[] | undefined)?.map(Number)
      return perm == null ? undefined : { axis: perm.indexOf(axis), ...same }
    }
    case 'Reshape':
      return reshaped(inputs[0]!.shape, outputs[0]!.shape, (from) => from === axis)
    default:
      return undefined
  }
}

/**
 * Where the channels of a node's result come from in its first input.
 *
 * @param count how many channels would be left, were they those along an axis: of axes that were merged into one the best is taken
 */
export function origin(node: Node, axis: number, count: (move: AxisMove, from: number) => number): number | undefined {
  const { opType, inputs, outputs, attributes } = node
  if (POOLS.has(opType)) return axis === 1 ? axis : undefined
  switch (opType) {
    case 'RandomNormalLike':
      return axis
    case 'Slice':
      return slices(node, axis) ? undefined : axis
    case 'Transpose': {
      const perm = (attributes['perm'] as readonly bigint[] | undefined)?.map(Number)
      return perm?.[axis]
    }
    case 'Reshape': {
      let best: { readonly from: number; readonly share: number } | undefined
      const [before, after] = [inputs[0]!.shape, outputs[0]!.shape]
      for (let from = before.length - 1; from >= 0; from--) {
        const move = reshaped(before, after, (other) => other === from)
        if (move?.axis !== axis) continue
        const share = count(move, from) / (before[from] as number)
        if (best == null || share < best.share) best = { from, share }
      }
      return best?.from
    }
    default:
      return undefined
  }
}

/** Whether a slice takes a part of an axis, for all that can be told. */
function slices({ inputs }: Node, axis: number): boolean {
  const axes = inputs[3]?.data
  return !(axes instanceof BigInt64Array) || axes.some((cut) => cut < 0n || Number(cut) === axis)
}

/** The channels of a tensor as they are where its axis went. */
export function spread<T>({ of }: Channels<T>, { axis, outer, inner }: AxisMove): Channels<T> {
  const once = of.flatMap((channel) => Array<T>(inner).fill(channel))
  return { axis, of: Array.from({ length: outer }, () => once).flat() }
}

/** Whether any of a channel's places holds. */
export function gathered(places: readonly boolean[], { outer, inner }: AxisMove, channels: number): boolean[] {
  return Array.from({ length: channels }, (_, channel) => {
    for (let block = 0; block < outer; block++) {
      const start = (block * channels + channel) * inner
      for (let i = start; i < start + inner; i++) if (places[i] === true) return true
    }
    return false
  })
}

/** Follows an axis through a reshape: it stays, or is merged with its neighbours; undefined where it is cut apart. */
function reshaped(
  before: readonly Dimension[],
  after: readonly Dimension[],
  isWanted: (axis: number) => boolean,
): AxisMove | undefined {
  let [i, o] = [before.length - 1, after.length - 1]
  while (i >= 0 && o >= 0) {
    if (before[i] === after[o]) {
      if (isWanted(i)) return typeof before[i] === 'number' ? { axis: o, outer: 1, inner: 1 } : undefined
      i--
      o--
      continue
    }
    const [size, target] = [before[i], after[o]]
    if (typeof size !== 'number' || typeof target !== 'number' || size > target) return undefined
    // How many axes make this one.
    let first = i
    let product = size
    while (product < target && first > 0 && typeof before[first - 1] === 'number') product *= before[--first] as number
    if (product !== target) return undefined
    const group = before.slice(first, i + 1) as readonly number[]
    for (let axis = first; axis <= i; axis++) {
      if (!isWanted(axis)) continue
      const times = (sizes: readonly number[]): number => sizes.reduce((total, length) => total * length, 1)
      return { axis: o, outer: times(group.slice(0, axis - first)), inner: times(group.slice(axis - first + 1)) }
    }
    i = first - 1
    o--
  }
  return undefined
}
