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

/** A transposed convolution by the definition, kernel [h, w, outputs, inputs]: every input adds its multiple of the kernel to a patch of the output. */
export function naiveConv2dTranspose({
  strides = [1, 1],
  padding = 'valid',
  channelsFirst = false,
}: Pick<Settings, 'strides' | 'padding' | 'channelsFirst'>): Naive {
  return (x, kernel, bias) => {
    const [batch, ...rest] = x.shape as [number, number, number, number]
    const [height, width, inputs] = channelsFirst ? [rest[1]!, rest[2]!, rest[0]!] : [rest[0]!, rest[1]!, rest[2]!]
    const [kernelHeight, kernelWidth, outputs] = kernel.shape as [number, number, number, number]
    const size = (inner: number, reach: number, stride: number): number =>
      padding === 'same' ? inner * stride : inner * stride + Math.max(reach - stride, 0)
    const [outHeight, outWidth] = [size(height, kernelHeight, strides[0]), size(width, kernelWidth, strides[1])]
    // What the convolution that it transposes would cut off in front.
    const before = [
      along(outHeight, kernelHeight, strides[0], 1, padding).before,
      along(outWidth, kernelWidth, strides[1], 1, padding).before,
    ] as const
    const at = (image: number, row: number, column: number, channel: number, of: readonly [number, number, number]): number =>
      channelsFirst
        ? ((image * of[2] + channel) * of[0] + row) * of[1] + column
        : ((image * of[0] + row) * of[1] + column) * of[2] + channel
    const [from, to] = [[height, width, inputs] as const, [outHeight, outWidth, outputs] as const]
    const data = new Array<number>(batch * outHeight * outWidth * outputs).fill(0)
    for (let image = 0; image < batch; image++) {
      for (let output = 0; output < outputs; output++) {
        for (let row = 0; row < outHeight; row++)
          for (let column = 0; column < outWidth; column++) data[at(image, row, column, output, to)] = bias?.data[output] ?? 0
        for (let i = 0; i < height * width * inputs * kernelHeight * kernelWidth; i++) {
          const [input, j] = [i % inputs, Math.floor(i / inputs)]
          const [kernelColumn, k] = [j % kernelWidth, Math.floor(j / kernelWidth)]
          const [kernelRow, l] = [k % kernelHeight, Math.floor(k / kernelHeight)]
          const [column, row] = [l % width, Math.floor(l / width)]
          const y = row * strides[0] + kernelRow - before[0]
          const z = column * strides[1] + kernelColumn - before[1]
          if (y < 0 || y >= outHeight || z < 0 || z >= outWidth) continue
          const weight = kernel.data[((kernelRow * kernelWidth + kernelColumn) * outputs + output) * inputs + input]!
          data[at(image, y, z, output, to)]! += x.data[at(image, row, column, input, from)]! * weight
        }
      }
    }
    return { shape: channelsFirst ? [batch, outputs, outHeight, outWidth] : [batch, outHeight, outWidth, outputs], data }
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
