import type { Values } from './values.ts'

interface Settings {
  readonly strides?: readonly [number, number]
  readonly padding?: 'valid' | 'same'
  readonly dilation?: readonly [number, number]
  readonly channelsFirst?: boolean
  /** Each input channel by itself; the kernel's last axis is the multiplier. */
  readonly depthwise?: boolean
}

type Naive = (x: Values, kernel: Values, bias: Values | undefined) => Values

/** A convolution over two axes by the definition: kernel [h, w, inputs, outputs]. */
export function naiveConv2d({
  strides = [1, 1],
  padding = 'valid',
  dilation = [1, 1],
  channelsFirst = false,
  depthwise = false,
}: Settings): Naive {
  return (x, kernel, bias) => {
    const [batch, ...rest] = x.shape as [number, number, number, number]
    const [height, width, inputs] = channelsFirst ? [rest[1]!, rest[2]!, rest[0]!] : [rest[0]!, rest[1]!, rest[2]!]
    const [kernelHeight, kernelWidth, , lastAxis] = kernel.shape as [number, number, number, number]
    const outputs = depthwise ? inputs * lastAxis : lastAxis
    const rows = along(height, kernelHeight, strides[0], dilation[0], padding)
    const columns = along(width, kernelWidth, strides[1], dilation[1], padding)
    const at = (image: number, row: number, column: number, channel: number): number => {
      if (row < 0 || row >= height || column < 0 || column >= width) return 0
      const index = channelsFirst
        ? ((image * inputs + channel) * height + row) * width + column
        : ((image * height + row) * width + column) * inputs + channel
      return x.data[index]!
    }
    const weight = (row: number, column: number, input: number, output: number): number =>
      kernel.data[((row * kernelWidth + column) * inputs + input) * lastAxis + output]!
    const value = (image: number, row: number, column: number, output: number): number => {
      let sum = bias?.data[output] ?? 0
      for (let i = 0; i < kernelHeight; i++) {
        for (let j = 0; j < kernelWidth; j++) {
          const y = row * strides[0] - rows.before + i * dilation[0]
          const z = column * strides[1] - columns.before + j * dilation[1]
          if (depthwise) {
            const input = Math.floor(output / lastAxis)
            sum += at(image, y, z, input) * weight(i, j, input, output % lastAxis)
          } else {
            for (let input = 0; input < inputs; input++) sum += at(image, y, z, input) * weight(i, j, input, output)
          }
        }
      }
      return sum
    }
    const shape = channelsFirst ? [batch, outputs, rows.length, columns.length] : [batch, rows.length, columns.length, outputs]
    const data = Array.from({ length: shape.reduce((a, b) => a * b) }, (_, flat) => {
      const index: number[] = []
      let left = flat
      for (let axis = 3; axis >= 0; axis--) {
        index[axis] = left % shape[axis]!
        left = Math.floor(left / shape[axis]!)
      }
      return channelsFirst ? value(index[0]!, index[2]!, index[3]!, index[1]!) : value(index[0]!, index[1]!, index[2]!, index[3]!)
    })
    return { shape, data }
  }
}

/** A convolution over one axis, as one over two of which the first has size 1. */
export function naiveConv1d({
  stride = 1,
  padding = 'valid',
  dilation = 1,
}: {
  stride?: number
  padding?: 'valid' | 'same'
  dilation?: number
}): Naive {
  const convolve = naiveConv2d({ strides: [1, stride], padding, dilation: [1, dilation] })
  return (x, kernel, bias) => {
    const [batch, steps, inputs] = x.shape
    const { shape, data } = convolve(
      { ...x, shape: [batch!, 1, steps!, inputs!] },
      { ...kernel, shape: [1, ...kernel.shape] },
      bias,
    )
    return { shape: [shape[0]!, shape[2]!, shape[3]!], data }
  }
}

/** Output length along one axis, and how many zeros stand before the input (TensorFlow puts the odd one behind). */
function along(
  size: number,
  kernel: number,
  stride: number,
  dilation: number,
  padding: 'valid' | 'same',
): { length: number; before: number } {
  const reach = (kernel - 1) * dilation + 1
  if (padding === 'valid') return { length: Math.floor((size - reach) / stride) + 1, before: 0 }
  const length = Math.ceil(size / stride)
  return { length, before: Math.floor(Math.max(0, (length - 1) * stride + reach - size) / 2) }
}
