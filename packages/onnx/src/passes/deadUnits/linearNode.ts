import { fromFloat16, toFloat16 } from '../../ir/float16.ts'
import type { Node } from '../../ir/node.ts'
import { Value } from '../../ir/value.ts'

/** A node that is linear in its first input, with a stored kernel, and which of the axes are channels: those of the input, or of the result. */
export interface LinearNode {
  readonly kernel: Value
  readonly bias: Value | undefined
  /** Axes of the kernel. */
  readonly kernelIn: number
  readonly kernelOut: number
  /** Axes of the input and of the result. */
  readonly inputAxis: number
  readonly resultAxis: number
  /** Whether each element of the result sees every tap of its window: no padding. */
  readonly seesAll: boolean
  /** Whether it takes a bias as its third input. */
  readonly takesBias: boolean
}

/** How a node is linear; undefined where it is not, or in another way than layers write it. */
export function linearNode({ opType, inputs, outputs, attributes }: Node): LinearNode | undefined {
  const [x, kernel, bias] = inputs
  if (x == null || !holdsFloats(kernel) || (bias != null && (!holdsFloats(bias) || bias.rank !== 1))) return undefined
  const group = attributes['group'] ?? 1n
  const common = { kernel: kernel!, bias, takesBias: true }
  switch (opType) {
    case 'Gemm':
      return Object.keys(attributes).length > 0
        ? undefined
        : { ...common, kernelIn: 0, kernelOut: 1, inputAxis: 1, resultAxis: 1, seesAll: true }
    case 'MatMul': {
      const { rank } = kernel!
      const last = outputs[0]!.rank - 1
      return rank < 2 || x.rank < 2
        ? undefined
        : {
            ...common,
            kernelIn: rank - 2,
            kernelOut: rank - 1,
            inputAxis: x.rank - 1,
            resultAxis: last,
            seesAll: rank === 2,
            takesBias: false,
          }
    }
    case 'Conv':
      return group === 1n
        ? { ...common, kernelIn: 1, kernelOut: 0, inputAxis: 1, resultAxis: 1, seesAll: isUnpadded(attributes) }
        : undefined
    case 'ConvTranspose':
      return group === 1n ? { ...common, kernelIn: 0, kernelOut: 1, inputAxis: 1, resultAxis: 1, seesAll: false } : undefined
    default:
      return undefined
  }
}

/** A convolution of each channel by itself, with a stored kernel [channels * multiplier, 1, ...]. */
export interface ChannelwiseNode {
  readonly kernel: Value
  readonly bias: Value | undefined
  /** How many channels of the result each channel makes; they stand side by side. */
  readonly multiplier: number
  readonly seesAll: boolean
}

/** How a node convolves each channel by itself; undefined where it does not. */
export function channelwiseNode({ opType, inputs, attributes }: Node): ChannelwiseNode | undefined {
  const [x, kernel, bias] = inputs
  const group = Number(attributes['group'] ?? 1n)
  if (opType !== 'Conv' || group === 1 || x?.shape[1] !== group) return undefined
  if (!holdsFloats(kernel) || (bias != null && !holdsFloats(bias))) return undefined
  return { kernel: kernel!, bias, multiplier: (kernel!.shape[0] as number) / group, seesAll: isUnpadded(attributes) }
}

function holdsFloats(value: Value | undefined): boolean {
  return value?.data instanceof Float32Array || value?.data instanceof Uint16Array
}

/** The numbers of a stored tensor; undefined where it is not stored or holds no float numbers. */
export function floatsOf(value: Value | undefined): Float32Array | undefined {
  if (value?.data instanceof Float32Array) return value.data
  return value?.data instanceof Uint16Array ? fromFloat16(value.data) : undefined
}

/** Whether any number of a stored tensor is 0: a quick look, since most tensors have none. */
export function hasZeros({ data }: Value): boolean {
  return data instanceof Float32Array
    ? data.indexOf(0) >= 0
    : data instanceof Uint16Array && (data.indexOf(0) >= 0 || data.indexOf(0x8000) >= 0)
}

/** A stored tensor of the same type with other numbers. */
export function storedLike(like: Value, data: Float32Array, shape: readonly number[], hint: string = like.hint): Value {
  const { elementType } = like.type
  return new Value({ elementType, shape }, hint, undefined, elementType === 'float16' ? toFloat16(data) : data)
}

/** Calls back for each weight with its channels. */
export function forEachWeight(
  { kernel, kernelIn, kernelOut }: LinearNode,
  visit: (weight: number, input: number, output: number, index: number) => void,
): void {
  const data = floatsOf(kernel)!
  const shape = kernel.shape as readonly number[]
  const strideOf = (axis: number): number => shape.slice(axis + 1).reduce((total, size) => total * size, 1)
  const [inStride, outStride] = [strideOf(kernelIn), strideOf(kernelOut)]
  const [inputs, outputs] = [shape[kernelIn]!, shape[kernelOut]!]
  for (let i = 0; i < data.length; i++) {
    visit(data[i]!, Math.floor(i / inStride) % inputs, Math.floor(i / outStride) % outputs, i)
  }
}

function isUnpadded(attributes: Node['attributes']): boolean {
  const pads = attributes['pads'] as readonly bigint[] | undefined
  return attributes['auto_pad'] == null && (pads == null || pads.every((pad) => pad === 0n))
}
