import { Html, html } from '../../report/html.ts'
import { charts, tableHtml } from '../../report/parts.ts'
import { PAGE_CSS } from '../../report/style.ts'
import type { Experiment, ExperimentReport, Size } from './experiment.ts'

/** What an experiment was run with. */
export interface Provenance {
  readonly experiment: string
  readonly size: Size
  readonly settings: object
  readonly seeds: readonly number[]
  readonly backend: { readonly name: string; readonly message: string }
  readonly machine: { readonly cpu: string; readonly cores: number; readonly platform: string }
  readonly versions: Readonly<Record<string, string>>
}

/** The report of one experiment: a page that needs no other file and no network. */
export function experimentPage(
  { title, description, name }: Experiment,
  { lead, tables, figures, remarks }: ExperimentReport,
  provenance: Provenance,
  { missing, parts }: { readonly missing: number; readonly parts: number },
): string {
  const note = (text: string | undefined): Html | null => (text === undefined ? null : html`<p class="note">${text}</p>`)
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>tfjs-bayes: ${title}</title>
<style>${new Html(PAGE_CSS)}</style>
</head>
<body>
<header>
<h1>${title}</h1>
<p class="lead">${description}</p>
${provenance.size === 'tiny' ? html`<p class="banner"><b>Not the full run.</b> A tiny run, as asked for by --tiny: it shows the path and proves nothing.</p>` : null}
${missing > 0 ? html`<p class="banner"><b>Not finished.</b> ${missing} of ${parts} parts are still to come; the same command goes on.</p>` : null}
</header>
<main>
<section>
<h2>What came out</h2>
<p>${lead}</p>
${remarks.length > 0 ? html`<ul class="remarks">${remarks.map((text) => html`<li>${text}</li>`)}</ul>` : null}
</section>
${tables.map((each) => html`<section><h2>${each.title}</h2>${note(each.note)}${tableHtml(each.table)}</section>`)}
${figures.map((each) => html`<section><h2>${each.title}</h2>${note(each.note)}${charts(each.figures)}</section>`)}
<section>
<h2>Settings and versions</h2>
<dl>${entries(provenance, name).map(([term, value]) => html`<dt>${term}</dt><dd>${value}</dd>`)}</dl>
</section>
</main>
<footer>Made by <code>tfjs-bayes</code>. This page is one file: it loads nothing.</footer>
</body>
</html>
`.markup
}

function entries({ size, settings, seeds, backend, machine, versions }: Provenance, name: string): [string, string][] {
  return [
    ['command', `npm run demo -- experiment ${name}${size === 'tiny' ? ' --tiny' : ''} --seeds ${seeds.join(',')}`],
    ['seeds', seeds.join(', ')],
    ...Object.entries(settings).map(([key, value]): [string, string] => [key, plain(value)]),
    ['backend', backend.message],
    ['machine', `${machine.cpu}, ${machine.cores} cores, ${machine.platform}`],
    [
      'versions',
      Object.entries(versions)
        .map(([each, version]) => `${each} ${version}`)
        .join(', '),
    ],
  ]
}

const plain = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value))
