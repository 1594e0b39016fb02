import * as Plot from '@observablehq/plot'
import { parseHTML } from 'linkedom'
import { color, PALETTE_CSS } from './palette.ts'

/** One entry of a chart's key. */
export interface KeyEntry {
  readonly label: string
  readonly color: string
  /** As SVG's stroke-dasharray; default a solid line. */
  readonly dash?: string
}

/** A chart: as part of the page, and as a file of its own. */
export interface Figure {
  /** File name without ending. */
  readonly name: string
  /** What the chart shows, also for readers who do not see it. */
  readonly caption: string
  readonly key: readonly KeyEntry[]
  /** SVG whose colours come from the page around it. */
  readonly svg: string
  readonly width: number
  readonly height: number
}

const FONT = 'system-ui, -apple-system, Segoe UI, Roboto, Liberation Sans, sans-serif'

/**
 * Draws a chart in Node.
 *
 * @param options Plot's options; font, colours and document are set here
 */
export function drawFigure(
  { name, caption, key = [] }: { readonly name: string; readonly caption: string; readonly key?: readonly KeyEntry[] },
  options: Plot.PlotOptions,
): Figure {
  const { document } = parseHTML('<!doctype html><html><body></body></html>')
  const { width = 440, height = 300 } = options
  const plot = Plot.plot({
    marginLeft: 46,
    marginBottom: 40,
    ...options,
    width,
    height,
    document: document as unknown as Document,
    ariaLabel: caption,
    style: { fontFamily: FONT, fontSize: '12px', background: 'none', color: color('ink') } as Partial<CSSStyleDeclaration>,
  })
  plot.setAttribute('role', 'img')
  // Plot's style class is the same for every chart with the same settings, but not from release to release.
  const svg = (plot as unknown as { outerHTML: string }).outerHTML.replaceAll(/plot-[0-9a-f]+/g, `figure-${name}`)
  return { name, caption, key, svg, width, height }
}

const KEY_LINE = 20

/** The figure as a file that can be looked at by itself: with its key, on its own ground, in light and dark. */
export function standaloneSvg({ svg, key, width, height }: Figure): string {
  const top = key.length === 0 ? 0 : 8 + key.length * KEY_LINE
  const entries = key.map(({ label, color: stroke, dash }, i) => {
    const y = 8 + (i + 0.5) * KEY_LINE
    const dashes = dash === undefined ? '' : ` stroke-dasharray="${dash}"`
    return (
      `<line x1="14" x2="38" y1="${y}" y2="${y}" stroke="${stroke}" stroke-width="2.5"${dashes}/>` +
      `<text x="46" y="${y}" dy="0.35em" fill="${color('muted')}">${label}</text>`
    )
  })
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="${width}" height="${top + height}" ` +
    `viewBox="0 0 ${width} ${top + height}" font-family="${FONT}" font-size="12"><style>${PALETTE_CSS}@media (prefers-color-scheme: light){image{filter:invert(1)}}</style>` +
    `<rect width="100%" height="100%" fill="${color('card')}"/>${entries.join('')}${svg.replace('<svg ', `<svg y="${top}" `)}</svg>\n`
  )
}
