import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Project } from './install/project.ts'
import { withoutOneDnnNotice } from './withoutOneDnnNotice.ts'

test('the README’s example runs as it stands', async () => {
  const text = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
  const example = /```ts\n(.*?)```/s.exec(text)![1]!
  const project = new Project()
  const run = project.run(example, { TFJS_BAYES_CACHE: join(project.folder, 'cache') })
  const { code } = await run.ended
  expect(withoutOneDnnNotice(run.stderr)).toBe('')
  expect(run.stdout).toMatch(/^Backend: .*\.\ntrue false\n$/)
  expect(code).toBe(0)
})
