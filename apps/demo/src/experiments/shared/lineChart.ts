import * as Plot from '@observablehq/plot'
import { drawFigure, type Figure } from '../../report/figure.ts'
import { logTicks } from '../../report/logTicks.ts'

/** One line of a chart. */
export interface Line {
  readonly label: string
  readonly color: string
  readonly dash?: string
  /** Points that follow from nothing: no line between them. */
  readonly loose?: boolean
  readonly points: readonly { readonly x: number; readonly y: number }[]
}

interface Axis {
  readonly label: string
  readonly scale?: 'linear' | 'log'
  readonly ticks?: readonly number[]
  readonly domain?: readonly [number, number]
  readonly reverse?: boolean
}

/** A horizontal line to compare with. */
interface Level {
  readonly y: number
  readonly label: string
}

export interface LineChart {
  readonly name: string
  readonly caption: string
  readonly x: Axis
  readonly y: Axis
  readonly lines: readonly Line[]
  readonly levels?: readonly Level[]
  readonly dots?: boolean
  readonly width?: number
  readonly height?: number
}

/** Lines over a common axis; points that a log scale cannot show are left out. */
export function lineChart({
  name,
  caption,
  x,
  y,
  lines,
  levels = [],
  dots = true,
  width = 440,
  height = 320,
}: LineChart): Figure {
  const points = lines.flatMap((line) =>
    line.points
      .filter((point) => shows(x, point.x) && shows(y, point.y))
      .map((point) => ({ ...point, stroke: line.color, line: line.label, dash: line.dash ?? 'none' })),
  )
  const titled = { title: (point: (typeof points)[number]) => `${point.line}: ${short(point.x)}, ${short(point.y)}` }
  return drawFigure(
    {
      name,
      caption,
      key: lines.map(({ label, color, dash }) => ({ label, color, ...(dash === undefined ? {} : { dash }) })),
    },
    {
      width,
      height,
      marginLeft: 56,
      marginRight: 16,
      x: {
        ...scaleOf(x),
        ...(x.scale === 'log' ? { axis: null } : {}),
        // Epochs have no halves.
        ...(points.every((point) => Number.isInteger(point.x))
          ? { tickFormat: (value: number) => (Number.isInteger(value) ? `${value}` : '') }
          : {}),
      },
      y: y.scale === 'log' ? { ...scaleOf(y), axis: null } : { ...scaleOf(y), grid: true },
      color: { type: 'identity' },
      marks: [
        ...logAxes(x, y, points),
        ...lines
          .filter((line) => !line.loose)
          .map((line) =>
            Plot.line(
              points.filter((point) => point.line === line.label),
              { x: 'x', y: 'y', stroke: line.color, strokeWidth: 1.75, ...(line.dash ? { strokeDasharray: line.dash } : {}) },
            ),
          ),
        ...(dots ? [Plot.dot(points, { x: 'x', y: 'y', fill: 'stroke', r: 2.2, ...titled })] : []),
        Plot.ruleY(levels, { y: 'y', stroke: 'currentColor', strokeOpacity: 0.55, strokeDasharray: '2,4' }),
        Plot.text(levels, {
          y: 'y',
          text: 'label',
          frameAnchor: 'right',
          textAnchor: 'end',
          dy: -7,
          fill: 'currentColor',
          fillOpacity: 0.75,
        }),
      ],
    },
  )
}

const shows = ({ scale }: Axis, value: number): boolean => Number.isFinite(value) && (scale !== 'log' || value > 0)

/** Axes with text of their own: a log scale would leave out the labels of most ticks. */
function logAxes(x: Axis, y: Axis, points: readonly { readonly x: number; readonly y: number }[]): Plot.Markish[] {
  const marks: Plot.Markish[] = []
  if (x.scale === 'log') {
    const ticks = x.ticks ?? logTicks(points.map((point) => point.x))
    marks.push(Plot.axisX(ticks, { label: x.reverse ? `← ${x.label}` : `${x.label} →`, text: short }))
  }
  if (y.scale === 'log') {
    const ticks = y.ticks ?? thinned(logTicks(points.map((point) => point.y)))
    marks.push(Plot.gridY(ticks), Plot.axisY(ticks, { label: `↑ ${y.label}`, text: short }))
  }
  return marks
}

/** Over many decades only their beginnings. */
function thinned(ticks: readonly number[]): readonly number[] {
  return ticks.length <= MOST_TICKS ? ticks : ticks.filter((tick) => Number.isInteger(Math.round(1e6 * Math.log10(tick)) / 1e6))
}

const MOST_TICKS = 10

function scaleOf({ label, scale, ticks, domain, reverse }: Axis): Plot.ScaleOptions {
  return {
    label,
    type: scale ?? 'linear',
    inset: 8,
    ...(ticks ? { ticks: [...ticks] } : { ticks: 6 }),
    ...(domain ? { domain: [...domain] } : {}),
    ...(reverse ? { reverse } : {}),
  }
}

/** Four digits; powers of ten where they get long. */
function short(value: number): string {
  const plain = String(Number(value.toPrecision(4)))
  return (plain.length > 6 ? Number(value.toPrecision(2)).toExponential() : plain).replaceAll('-', '−')
}
