import type * as tf from '@tensorflow/tfjs'
import { LAST } from '../../ops/shaping.ts'
import type { Lowering } from '../lowering.ts'
import { rearranging } from '../moments/rearranging.ts'

type Edges = readonly [readonly [number, number], readonly [number, number]]

/** Layers that add or cut edges of images. */
export const paddingLowerings: Readonly<Record<string, Lowering>> = {
  ZeroPadding2D: rearranging({
    leadingAxes: 'batch',
    lower: ({ config, inputs, tape }) => {
      const [rows, columns] = config['padding'] as unknown as Edges
      const first = firstSpatialAxis(config)
      const pads = (side: 0 | 1): readonly number[] =>
        [0, 1, 2, 3].map((axis) => (axis === first ? rows[side] : axis === first + 1 ? columns[side] : 0))
      return tape.op('Pad', [inputs[0], tape.ints([...pads(0), ...pads(1)]), tape.scalar(0)])
    },
  }),
  Cropping2D: rearranging({
    leadingAxes: 'batch',
    takesIntegers: true,
    lower: ({ config, inputs, tape }) => {
      const edges = config['cropping'] as unknown as Edges
      const first = firstSpatialAxis(config)
      const starts = edges.map(([before]) => before)
      const ends = edges.map(([, after]) => (after === 0 ? LAST : -after))
      return tape.op('Slice', [inputs[0], tape.ints(starts), tape.ints(ends), tape.ints([first, first + 1]), tape.ints([1, 1])])
    },
  }),
}

function firstSpatialAxis(config: tf.serialization.ConfigDict): number {
  return config['dataFormat'] === 'channelsFirst' ? 2 : 1
}
