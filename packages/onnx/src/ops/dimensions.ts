import type { Dimension } from '../ir/value.ts'
import { ShapeError } from './opSchema.ts'

/**
 * Shape of an elementwise result under ONNX's (numpy's) broadcasting. A size that the model leaves open may meet any other one, as in tfjs, and only who
 * runs the graph sees whether they fit; the number of rows and that of draws fit only themselves and 1.
 */
export function broadcast(...shapes: readonly (readonly Dimension[])[]): readonly Dimension[] {
  const rank = Math.max(0, ...shapes.map((shape) => shape.length))
  return Array.from({ length: rank }, (_, axis) => {
    let result: Dimension = 1
    for (const shape of shapes) {
      const size = shape[axis - rank + shape.length]
      if (size == null || size === 1 || size === result) continue
      const met: Dimension | undefined = result === 1 ? size : broadcastOf(result, size)
      if (met == null) throw new ShapeError(`shapes ${shapes.map(showShape).join(' and ')} do not broadcast`)
      result = met
    }
    return result
  })
}

/** One size of two that must be equal when the graph runs; undefined where they cannot be. */
export function unified(a: Dimension, b: Dimension): Dimension | undefined {
  if (a === b) return a
  if (typeof a === 'number') return isOpen(b) ? a : undefined
  return isOpen(a) && (typeof b === 'number' || isOpen(b)) ? b : undefined
}

/** Product of sizes: a number, or `2*batch` with the symbols sorted. */
export function product(shape: readonly Dimension[]): Dimension {
  const { factor, symbols } = factorize(shape)
  return render(factor, symbols)
}

/** `product(shape) / product(divisor)`; undefined where it is not exact. */
export function quotient(shape: readonly Dimension[], divisor: readonly Dimension[]): Dimension | undefined {
  const whole = factorize(shape)
  const part = factorize(divisor)
  const symbols = [...whole.symbols]
  for (const symbol of part.symbols) {
    const index = symbols.indexOf(symbol)
    if (index < 0) return undefined
    symbols.splice(index, 1)
  }
  if (whole.factor === 0 && symbols.length === 0) return 0
  if (part.factor === 0 || whole.factor % part.factor !== 0) return undefined
  return render(whole.factor / part.factor, symbols)
}

/** The axis counted from 0. */
export function normalizeAxis(axis: number, rank: number): number {
  const result = axis < 0 ? axis + rank : axis
  if (!Number.isInteger(result) || result < 0 || result >= rank) throw new ShapeError(`axis ${axis} of a tensor of rank ${rank}`)
  return result
}

export function showShape(shape: readonly Dimension[]): string {
  return `[${shape.join(', ')}]`
}

interface Factors {
  readonly factor: number
  readonly symbols: readonly string[]
}

function factorize(shape: readonly Dimension[]): Factors {
  let factor = 1
  const symbols: string[] = []
  for (const size of shape) {
    if (typeof size === 'number') {
      factor *= size
      continue
    }
    for (const part of split(size, '*')) {
      if (/^\d+$/.test(part)) factor *= Number(part)
      else symbols.push(part)
    }
  }
  return { factor, symbols: symbols.sort() }
}

/** What two sizes greater than 1, or unknown, give together. */
function broadcastOf(a: Dimension, b: Dimension): Dimension | undefined {
  if (!isOpen(a) && !isOpen(b)) return undefined
  if (typeof a === 'number') return a
  if (typeof b === 'number') return b
  if (!isOpen(a) || !isOpen(b)) return undefined
  const parts = [a, b].flatMap((size) => (size.startsWith(BROADCAST) ? split(size.slice(BROADCAST.length, -1), ',') : [size]))
  return `${BROADCAST}${[...new Set(parts)].sort().join(',')})`
}

const BROADCAST = 'broadcast('

/** Whether the model leaves the size open: it is neither a number, nor has it to do with how many rows or draws there are. */
function isOpen(size: Dimension): size is string {
  return typeof size === 'string' && !split(size, '*').some((part) => part === 'batch' || part === 'samples')
}

/** Parts of a symbol; what stands in brackets is one. */
function split(symbol: string, separator: string): readonly string[] {
  const parts = ['']
  let depth = 0
  for (const character of symbol) {
    if (character === '(') depth++
    if (character === ')') depth--
    if (character === separator && depth === 0) parts.push('')
    else parts.push(`${parts.pop()}${character}`)
  }
  return parts
}

function render(factor: number, symbols: readonly string[]): Dimension {
  if (symbols.length === 0) return factor
  return factor === 1 ? symbols.join('*') : [factor, ...symbols].join('*')
}
