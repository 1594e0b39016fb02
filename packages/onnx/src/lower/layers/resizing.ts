import type { Attributes } from '../../ir/node.ts'
import type { Tape } from '../../ir/tape.ts'
import type { Value } from '../../ir/value.ts'
import type { Lowering } from '../lowering.ts'
import { withChannelsFirst } from '../windows.ts'

/** Layers that give images another size. tfjs takes pixels for points at their upper left corner, as ONNX's 'asymmetric' does, or aligns the corners. */
export const resizingLowerings: Readonly<Record<string, Lowering>> = {
  UpSampling2D: {
    leadingAxes: 'batch',
    lower: ({ config, inputs, tape }) => {
      const scales = config['size'] as readonly number[]
      const settings = { channelsFirst: config['dataFormat'] === 'channelsFirst' }
      return withChannelsFirst(tape, inputs[0]!, settings, (x) =>
        resized(tape, x, scales, attributesOf(config['interpolation'], false)),
      )
    },
  },
  Resizing: {
    leadingAxes: 'batch',
    shapesAreWrong: true,
    limits:
      'as a model’s last layer only: tfjs takes its output for one of three axes, and runs it outside of models only; the sizes of its input must be known',
    unsupported: ({ inputs }) => {
      const { shape } = inputs[0]!
      if (shape.length !== 4) return `an input of ${shape.length} axes; expected [batch, height, width, channels]`
      return shape[1] == null || shape[2] == null ? 'an input of unknown height or width' : undefined
    },
    lower: ({ config, inputs, tape }) => {
      const alignsCorners = config['cropToAspectRatio'] !== true
      const sizes = [config['height'], config['width']] as readonly number[]
      return withChannelsFirst(tape, inputs[0]!, { channelsFirst: false }, (x) => {
        const scales = sizes.map((size, axis) => scaleTo(x.shape[axis + 2] as number, size))
        return resized(tape, x, scales, attributesOf(config['interpolation'], alignsCorners))
      })
    },
  },
}

/** @param x [batch, channels, height, width] */
function resized(tape: Tape, x: Value, scales: readonly number[], attributes: Attributes): Value {
  // Scales are float32, whatever the precision of the image.
  const all = tape.inPrecisionOf('float32', () =>
    tape.constant(`scales_${scales.join('_')}`, () => [Float32Array.from([1, 1, ...scales]), [4]]),
  )
  return tape.op('Resize', [x, undefined, all], attributes)
}

function attributesOf(interpolation: unknown, alignsCorners: boolean): Attributes {
  const common = { coordinate_transformation_mode: alignsCorners ? 'align_corners' : 'asymmetric' }
  if (interpolation === 'bilinear') return { ...common, mode: 'linear' }
  return { ...common, mode: 'nearest', nearest_mode: alignsCorners ? 'round_prefer_ceil' : 'floor' }
}

/** A scale whose product with the size, rounded down in float32, is the new size. */
function scaleTo(from: number, to: number): number {
  const scale = Math.fround(to / from)
  return Math.floor(Math.fround(scale * from)) === to ? scale : Math.fround(scale * (1 + 2 ** -23))
}
