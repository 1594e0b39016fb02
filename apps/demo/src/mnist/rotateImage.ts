import { IMAGE_SIDE } from './idx.ts'

/**
 * Rotates a square image about its centre, with bilinear interpolation; what comes from outside is paper (0).
 *
 * @param image [side * side], row by row
 * @param degrees counter-clockwise as one looks at the picture
 * @param side pixels along one edge
 * @returns [side * side], in the range of the image
 */
export function rotateImage(image: ArrayLike<number>, degrees: number, side: number = IMAGE_SIDE): Float32Array {
  const rotated = new Float32Array(side * side)
  const centre = (side - 1) / 2
  const { cos, sin } = turn(degrees)
  for (let row = 0; row < side; row++) {
    for (let column = 0; column < side; column++) {
      // Where the ink of this pixel comes from: the rotation undone. Rows grow downwards, hence the signs.
      const x = column - centre
      const y = row - centre
      rotated[row * side + column] = interpolate(image, side, centre + sin * x + cos * y, centre + cos * x - sin * y)
    }
  }
  return rotated
}

/** Cosine and sine, exact at multiples of 90 degrees so that a quarter turn moves pixels without blurring them. */
function turn(degrees: number): { cos: number; sin: number } {
  const quarters = degrees / 90
  if (!Number.isInteger(quarters)) return { cos: Math.cos((degrees * Math.PI) / 180), sin: Math.sin((degrees * Math.PI) / 180) }
  const quarter = ((quarters % 4) + 4) % 4
  return { cos: [1, 0, -1, 0][quarter]!, sin: [0, 1, 0, -1][quarter]! }
}

function interpolate(image: ArrayLike<number>, side: number, row: number, column: number): number {
  const top = Math.floor(row)
  const left = Math.floor(column)
  const down = row - top
  const right = column - left
  const at = (r: number, c: number): number => (r < 0 || c < 0 || r >= side || c >= side ? 0 : image[r * side + c]!)
  return (
    (1 - down) * ((1 - right) * at(top, left) + right * at(top, left + 1)) +
    down * ((1 - right) * at(top + 1, left) + right * at(top + 1, left + 1))
  )
}
