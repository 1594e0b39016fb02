import { join } from 'node:path'
import { standaloneSvg } from '../report/figure.ts'
import { renderReport } from '../report/page.ts'
import type { Stage } from './stage.ts'

/** Writes `report.html` and its figures. A run that was not exported gets a report without onnxruntime. */
export async function report({ folder, say }: Pick<Stage, 'folder' | 'say'>): Promise<void> {
  const input = {
    run: folder.read('run'),
    training: folder.read('training'),
    evaluation: folder.read('evaluation'),
    export: folder.has('export') ? folder.read('export') : null,
    prediction: folder.has('prediction') ? folder.read('prediction') : null,
  }
  const { page, figures } = renderReport(input)
  for (const figure of figures) folder.writeBytes(`figures/${figure.name}.svg`, standaloneSvg(figure))
  folder.writeBytes('report.html', page)
  say(`Report: ${join(folder.path, 'report.html')}`)
}
