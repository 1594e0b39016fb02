import type { Table } from './comparison.ts'
import type { Figure } from './figure.ts'
import { Html, html } from './html.ts'

/** Charts beside each other, with one key for all of them above. */
export function charts(figures: readonly Figure[], beside: Html | null = null): Html {
  const longestFirst = [...figures].sort((a, b) => b.key.length - a.key.length)
  const entries = new Map(longestFirst.flatMap((figure) => figure.key.map((entry) => [entry.label, entry] as const)))
  const items = [...entries.values()].map(
    ({ label, color: stroke, dash }) =>
      html`<li><svg width="26" height="10" aria-hidden="true"><line x1="0" x2="26" y1="5" y2="5" style="stroke:${stroke}" stroke-width="2.5" stroke-dasharray="${dash ?? 'none'}"/></svg>${label}</li>`,
  )
  return html`${items.length === 0 ? null : html`<ul class="key">${items}</ul>`}
<div class="figures">${figures.map(
    ({ svg, caption, width }) =>
      html`<figure style="flex-basis:${width}px;max-width:${Math.round(1.15 * width)}px">${new Html(svg)}<figcaption>${caption}</figcaption></figure>`,
  )}${beside}</div>`
}

/** A table of the page. Rows whose first cell begins with a space are parts of the row above. */
export function tableHtml({ columns, rows }: Table): Html {
  const cellClass = (i: number): Html | null => (columns[i]?.numeric ? html` class="number"` : null)
  return html`<div class="scroll" tabindex="0"><table>
<thead><tr>${columns.map(({ heading }, i) => html`<th scope="col"${cellClass(i)}>${heading.replace('reparam', 'reparam\u00ad')}</th>`)}</tr></thead>
<tbody>${rows.map(
    ([head, ...cells]) =>
      html`<tr${head!.startsWith(' ') ? html` class="part"` : null}><th scope="row">${head!.trim()}</th>${cells.map((cell, i) => html`<td${cellClass(i + 1)}>${cell}</td>`)}</tr>`,
  )}</tbody>
</table></div>`
}
