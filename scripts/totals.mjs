// Adds up what vitest wrote in every workspace and prints the closing line `N passed, N failed`.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Folders of the workspace's packages, relative to the root. */
export function workspaceFolders(root) {
  const below = (folder) => readdirSync(join(root, folder)).map((name) => join(folder, name))
  return [...below('packages'), ...below('apps'), 'bench', 'guards'].filter((folder) =>
    existsSync(join(root, folder, 'package.json')),
  )
}

/** Prints the totals; a package that has one of these scripts but left no result counts as one failure. Returns the number of failures. */
export function printTotals(root, scriptNames) {
  let passed = 0
  let failed = 0
  for (const folder of workspaceFolders(root)) {
    const scripts = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')).scripts ?? {}
    const file = join(root, folder, 'test-results', 'vitest.json')
    if (existsSync(file)) {
      const result = JSON.parse(readFileSync(file, 'utf8'))
      passed += result.numPassedTests
      for (const line of failures(result, root)) console.error(line)
      // A file that could not even be loaded has no tests to count.
      failed += result.numFailedTests || (result.success ? 0 : 1)
    } else if (scriptNames.some((name) => scripts[name])) {
      console.error(`${folder}: no test result (its tests did not run to the end)`)
      failed++
    }
  }
  console.log(`${passed} passed, ${failed} failed`)
  return failed
}

/** Each failed test with the beginning of its reason: at the end of a log of which only the end may be kept. */
function failures(result, root) {
  return result.testResults
    .filter(({ status }) => status === 'failed')
    .flatMap(({ name, message, assertionResults }) => {
      const failed = assertionResults.filter(({ status }) => status === 'failed')
      const reasons = failed.map(({ fullName, failureMessages }) => `${fullName}: ${failureMessages.join('\n').slice(0, 1500)}`)
      return (reasons.length > 0 ? reasons : [message]).map((reason) => `FAILED ${relative(root, name)}: ${reason}`)
    })
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.exit(printTotals(fileURLToPath(new URL('..', import.meta.url)), process.argv.slice(2)) > 0 ? 1 : 0)
}
