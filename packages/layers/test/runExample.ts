import * as tf from '@tensorflow/tfjs'
import * as distributions from '@tfjs-bayes/distributions'
import ts from 'typescript'
import * as layers from '../src/index.ts'

const modules: Record<string, unknown> = {
  '@tensorflow/tfjs': tf,
  '@tfjs-bayes/distributions': distributions,
  '@tfjs-bayes/layers': layers,
}

/** The TypeScript in a page of Markdown, all blocks as one program. */
export function exampleOf(page: string): string {
  return [...page.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, block]) => block).join('\n')
}

/**
 * Runs an example as a user of this package would.
 *
 * @param result an expression: what the example is asked for at its end
 */
export async function runExample<T>(source: string, result: string): Promise<T> {
  const body = source.replace(
    /^import (\* as )?(.*) from '(.*)'$/gm,
    (_, __, names: string, from: string) => `const ${names} = modules[${JSON.stringify(from)}]`,
  )
  const { outputText } = ts.transpileModule(`return (async () => {${body}\nreturn ${result} })()`, {
    compilerOptions: { target: ts.ScriptTarget.ES2022 },
  })
  return (new Function('modules', outputText) as (given: typeof modules) => Promise<T>)(modules)
}
