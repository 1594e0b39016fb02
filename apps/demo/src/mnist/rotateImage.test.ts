import fc from 'fast-check'
import { expect, test } from 'vitest'
import { rotateImage } from './rotateImage.ts'

const image = fc.array(fc.integer({ min: 0, max: 255 }), { minLength: 25, maxLength: 25 })

test('a quarter turn moves pixels counter-clockwise and blurs none', () => {
  // b stands right of the centre of a, as one looks at it; a quarter turn counter-clockwise brings it above.
  const square = [1, 2, 3, 4, 5, 6, 7, 8, 9]
  expect([...rotateImage(square, 90, 3)]).toEqual([3, 6, 9, 2, 5, 8, 1, 4, 7])
  expect([...rotateImage(square, -90, 3)]).toEqual([7, 4, 1, 8, 5, 2, 9, 6, 3])
  expect([...rotateImage(square, 180, 3)]).toEqual([9, 8, 7, 6, 5, 4, 3, 2, 1])
})

test('no turn and a full turn give the image back; two quarters are a half', () => {
  fc.assert(
    fc.property(image, fc.integer({ min: -2, max: 2 }), (pixels, turns) => {
      expect([...rotateImage(pixels, 360 * turns, 5)]).toEqual(pixels)
      expect(rotateImage(rotateImage(pixels, 90, 5), 90, 5)).toEqual(rotateImage(pixels, 180, 5))
    }),
  )
})

test('interpolation stays within the range of the image, and its centre stays where it is', () => {
  fc.assert(
    fc.property(image, fc.double({ min: -360, max: 360, noNaN: true }), (pixels, degrees) => {
      const rotated = rotateImage(pixels, degrees, 5)
      expect(Math.min(...rotated)).toBeGreaterThanOrEqual(0)
      expect(Math.max(...rotated)).toBeLessThanOrEqual(Math.max(...pixels) + 1e-3)
      expect(rotated[12]).toBeCloseTo(pixels[12]!, 3)
    }),
  )
})

test('a disc keeps its ink at any angle, and ink right of the centre moves up by an eighth of a turn', () => {
  const side = 41
  const disc = Array.from({ length: side * side }, (_, i) => {
    const [x, y] = [(i % side) - 30, Math.floor(i / side) - 20]
    return x * x + y * y < 25 ? 1 : 0
  })
  const ink = (pixels: ArrayLike<number>): { sum: number; x: number; y: number } => {
    let [sum, x, y] = [0, 0, 0]
    for (let i = 0; i < pixels.length; i++) {
      sum += pixels[i]!
      x += pixels[i]! * ((i % side) - 20)
      y += pixels[i]! * (20 - Math.floor(i / side))
    }
    return { sum, x: x / sum, y: y / sum }
  }
  const turned = ink(rotateImage(disc, 45, side))
  expect(turned.sum / ink(disc).sum).toBeCloseTo(1, 1)
  expect(turned.x).toBeCloseTo(10 * Math.SQRT1_2, 1)
  expect(turned.y).toBeCloseTo(10 * Math.SQRT1_2, 1)
})
