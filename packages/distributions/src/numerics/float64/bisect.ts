/**
 * The x between two bounds at which an increasing function reaches a value, by bisection to float64's last digits: slow, and never wrong.
 *
 * @param f increasing
 */
export function bisect(f: (x: number) => number, value: number, low: number, high: number): number {
  let [left, right] = [low, high]
  for (;;) {
    const middle = left + (right - left) / 2
    if (middle === left || middle === right || right - left <= 1e-14 * Math.max(Math.abs(left), Math.abs(right))) return middle
    if (f(middle) < value) left = middle
    else right = middle
  }
}
