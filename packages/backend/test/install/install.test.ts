import {
  lstatSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ENTRY, type Finished, LIBRARY_BYTES, Workshop } from './fakes.ts'
import { Project, writeFile } from './project.ts'

const LIBRARY = join('deps', 'lib', 'libtensorflow_cc.so.2')

function expectRun(result: Finished, expected: { code: number; stdout?: RegExp; stderr?: RegExp }): void {
  expect(result.stdout).toMatch(expected.stdout ?? /^$/)
  expect(result.stderr).toMatch(expected.stderr ?? /^$/)
  expect(result.code).toBe(expected.code)
}

function expectInstalled(workshop: Workshop, project: Project, entry: string = workshop.entry): void {
  expect(readlinkSync(project.addonFolder)).toBe(join(entry, 'lib', 'napi-v8'))
  expect(readdirSync(entry).sort()).toEqual(['deps', 'lib', 'manifest.json'])
  expect(readFileSync(join(project.addonFolder, 'tfjs_binding.node'), 'utf8')).toContain('TF_Version')
}

test('from the wheel: into the cache, linked, nothing else left', async () => {
  const workshop = new Workshop()
  const project = new Project()
  const result = await workshop.command(project, 'install')
  const message =
    /^Installed the native backend: PyPI wheel tensorflow-cpu 9\.9\.9, addon compiled by g\+\+ \(fake\) 12\.2\.0; 8 MB in /
  expectRun(result, { code: 0, stdout: message, stderr: /pip: done/ })
  for (const step of ['own download', 'downloading tensorflow-cpu 9.9.9', 'unpacking', 'compiling', 'checking that it loads'])
    expect(result.stderr).toContain(step)
  expectInstalled(workshop, project)
  expect(workshop.contents).toEqual([ENTRY])
  expect(statSync(join(workshop.entry, LIBRARY)).size).toBe(LIBRARY_BYTES)
})

test('a second install does nothing, a reinstalled package only gets its link, another checkout shares', async () => {
  const workshop = new Workshop()
  const [project, other] = [new Project(), new Project()]
  await workshop.command(project, 'install')
  expectRun(await workshop.command(project, 'install'), { code: 0, stdout: /^The native backend is there: PyPI wheel/ })
  rmSync(join(project.tfjsNode, 'lib'), { recursive: true })
  expectRun(await workshop.command(project, 'install'), {
    code: 0,
    stdout: /^Linked the native backend from the cache: PyPI wheel/,
  })
  expectRun(await workshop.command(other, 'install --optional'), { code: 0, stdout: /^Linked the native backend/ })
  for (const linked of [project, other]) expectInstalled(workshop, linked)
  expect([workshop.count('own'), workshop.count('pip'), workshop.count('compiler')]).toEqual([1, 1, 1])
})

test('tfjs-node’s own download comes first where it works', async () => {
  const workshop = new Workshop({ programs: [] })
  const project = new Project()
  const result = await workshop.command(project, 'install', { own: 'works' })
  expectRun(result, {
    code: 0,
    stdout: /^Installed the native backend: tfjs-node’s own download, libtensorflow 2\.9\.1; /,
    stderr: /done/,
  })
  const name = ENTRY.replace('tensorflow-cpu-9.9.9', 'own-download')
  expectInstalled(workshop, project, join(workshop.cache, name))
  expect(workshop.contents).toEqual([name])
})

test('an install script of tfjs-node that fails is quoted', async () => {
  const workshop = new Workshop({ programs: [] })
  const result = await workshop.command(new Project(), 'install', { own: 'fails' })
  expectRun(result, {
    code: 1,
    stderr: /- tfjs-node’s own download: its install script failed: TAR_BAD_ARCHIVE: Unrecognized archive format$/m,
  })
})

test('a download that brings nothing is given up', async () => {
  const workshop = new Workshop({ programs: [] })
  const result = await workshop.command(new Project(), 'install', { own: 'hangs' })
  expectRun(result, { code: 1, stderr: /- tfjs-node’s own download: nothing came for 4 s$/m })
  for (const id of workshop.logged('own')) expect(() => process.kill(id, 0)).toThrow('ESRCH')
})

test('where nothing works: what was tried, all that is missing, exit code 1, nothing left', async () => {
  const workshop = new Workshop({ programs: [], release: { unpackedBytes: 1e18 } })
  const project = new Project()
  const result = await workshop.command(project, 'install')
  expect(result.code).toBe(1)
  expect(result.stderr).toMatch(
    /- tfjs-node’s own download: its storage bucket cannot be reached from here \(ENOTFOUND bucket\.invalid\)$/m,
  )
  expect(result.stderr).toMatch(
    /- the PyPI wheel tensorflow-cpu 9\.9\.9: it needs a C\+\+ compiler, pip of Python 3, \d+\.\d\d GB of disk space$/m,
  )
  for (const remedy of [
    '`apt-get install g++`',
    '`apt-get install python3-pip`',
    `free in ${workshop.cache}; the variable TFJS_BAYES_CACHE`,
  ])
    expect(result.stderr).toContain(remedy)
  expect(result.stderr).toMatch(/runs on WebAssembly, about 20 times slower\.$/m)
  expect(workshop.contents).toEqual(['last-failure.json'])
  expect(readdirSync(project.tfjsNode)).not.toContain('lib')
})

test('--optional: one line, exit code 0, and the same is not tried again until something changes', async () => {
  const workshop = new Workshop({ programs: ['g++'] })
  const project = new Project()
  const line =
    /^No native backend \(tfjs-node’s own download: its storage bucket cannot be reached .*; the PyPI wheel tensorflow-cpu 9\.9\.9: it needs pip of Python 3\); WebAssembly takes its place, .* More: npx tfjs-bayes-native install\n$/m
  expectRun(await workshop.command(project, 'install --optional'), { code: 0, stderr: line })
  const again = await workshop.command(project, 'install --optional')
  expectRun(again, { code: 0, stderr: line })
  expect(again.stderr.split('\n')).toHaveLength(2)
  expect(workshop.count('own')).toBe(1)
  expectRun(await workshop.command(project, 'install'), { code: 1, stderr: /Tried:/ })
  expect(workshop.count('own')).toBe(2)
  workshop.addProgram('python3')
  expectRun(await workshop.command(project, 'install --optional'), { code: 0, stdout: /^Installed/, stderr: /done/ })
})

test.each([
  ['pip fails', { pip: 'fails' }, /python3 -m pip could not download .*: exit code 1\n\s+ERROR: No matching distribution found/],
  ['pip leaves nothing', { pip: 'nothing' }, /ended well but left no tensorflow_cpu-9\.9\.9-fake\.whl/],
  [
    'the index serves another file',
    { pip: 'wrong' },
    /has SHA-256 [0-9a-f]{64}, expected [0-9a-f]{64}: the package index serves another file/,
  ],
  [
    'the compiler fails',
    { compiler: 'fails' },
    /g\+\+ could not compile tfjs-node's addon: exit code 1\n\s+tfjs_backend\.cc:20:10: fatal error/,
  ],
  ['the addon does not load', { addon: 'broken' }, /the addon does not load\n\s+.*invalid ELF header/],
  [
    'the addon ends the process',
    { addon: 'crashes' },
    /the addon does not load\n\s+.*SIGILL: this processor may lack instructions/,
  ],
] as const)('%s: it says so, and nothing is left', async (_what, behaviour, message) => {
  const workshop = new Workshop()
  const project = new Project()
  expectRun(await workshop.command(project, 'install', behaviour), { code: 1, stderr: message })
  expect(workshop.contents).toEqual(['last-failure.json'])
  expect(readdirSync(project.tfjsNode)).not.toContain('lib')
  expectRun(await workshop.command(project, 'install'), { code: 0, stdout: /^Installed/, stderr: /done/ })
})

test('a cache that cannot be written: a named reason and the way out', async () => {
  const workshop = new Workshop()
  writeFile(workshop.cache, 'a file')
  const result = await workshop.command(new Project(), 'install')
  expectRun(result, {
    code: 1,
    stderr: /^The cache .* cannot be written \(.*\); the variable TFJS_BAYES_CACHE can name another folder\n$/,
  })
})

test('a package that cannot be written: the cache is filled all the same, and the reason named', async () => {
  const workshop = new Workshop()
  const project = new Project()
  writeFile(join(project.tfjsNode, 'lib'), 'a file in the way')
  const message = /^The link .*napi-v8 could not be made \(.*\); run the command as a user who may write there$/m
  expectRun(await workshop.command(project, 'install'), { code: 1, stderr: message })
  expect(workshop.contents).toEqual([ENTRY])
  rmSync(join(project.tfjsNode, 'lib'))
  expectRun(await workshop.command(project, 'install'), { code: 0, stdout: /^Linked/ })
  expect(workshop.count('pip')).toBe(1)
})

test('an addon that is there and loads stays as it is', async () => {
  const workshop = new Workshop()
  const project = new Project()
  writeFile(join(project.addonFolder, 'tfjs_binding.node'), '{"TF_Version":"1.2.3"}')
  expectRun(await workshop.command(project, 'install'), {
    code: 0,
    stdout: /^The native backend is there: an addon that loads, in .* \(TensorFlow 1\.2\.3\)/,
  })
  expect(lstatSync(project.addonFolder).isDirectory()).toBe(true)
  expect(workshop.contents).toEqual([])
  expectRun(await workshop.command(project, 'remove'), {
    code: 0,
    stdout: /^Nothing to remove: .* is not from the cache and stays\.$/m,
  })
})

test('an addon that does not load makes room, and is kept beside', async () => {
  const workshop = new Workshop()
  const project = new Project()
  writeFile(join(project.addonFolder, 'tfjs_binding.node'), 'damaged')
  expectRun(await workshop.command(project, 'install'), { code: 0, stdout: /^Installed/, stderr: /done/ })
  expectInstalled(workshop, project)
  expect(readFileSync(join(`${project.addonFolder}.replaced`, 'tfjs_binding.node'), 'utf8')).toBe('damaged')
})

test('a damaged entry is made anew; one with other times only is recognized by its checksums', async () => {
  const workshop = new Workshop()
  const project = new Project()
  await workshop.command(project, 'install')
  utimesSync(join(workshop.entry, LIBRARY), 1_000_000, 1_000_000)
  expectRun(await workshop.command(project, 'install'), { code: 0, stdout: /^The native backend is there/ })
  expectRun(await workshop.command(project, 'status'), { code: 0, stdout: /sizes and times as installed/ })
  truncateSync(join(workshop.entry, LIBRARY), 1000)
  expectRun(await workshop.command(project, 'status'), {
    code: 1,
    stdout: /changed: deps\/lib\/libtensorflow_cc\.so\.2; .* mends it/,
  })
  expectRun(await workshop.command(project, 'install'), { code: 0, stdout: /^Installed/, stderr: /done/ })
  expectInstalled(workshop, project)
  expect(workshop.contents).toEqual([ENTRY])
})

test('status tells what is there, and --verify finds what size and time hide', async () => {
  const workshop = new Workshop()
  const project = new Project()
  expectRun(await workshop.command(project, 'status'), {
    code: 1,
    stdout: /addon {6}none: `npx tfjs-bayes-native install` brings it\n.*0 entries/s,
  })
  await workshop.command(project, 'install')
  const good = await workshop.command(project, 'status')
  expectRun(good, { code: 0, stdout: /tfjs-node {2}4\.22\.0 in / })
  for (const line of [`from the cache: ${ENTRY}`, 'yes, TensorFlow 9.9.9', 'PyPI wheel tensorflow-cpu 9.9.9', '1 entry, 8 MB'])
    expect(good.stdout).toContain(line)
  const library = join(workshop.entry, LIBRARY)
  const { atime, mtime } = statSync(library)
  const bytes = readFileSync(library)
  bytes[1_234_567]! ^= 1
  writeFileSync(library, bytes)
  utimesSync(library, atime, mtime)
  expectRun(await workshop.command(project, 'status --verify'), {
    code: 1,
    stdout: /damaged: deps\/lib\/libtensorflow_cc\.so\.2; /,
  })
  rmSync(workshop.entry, { recursive: true })
  expectRun(await workshop.command(project, 'status'), {
    code: 1,
    stdout: /a link to .*, where no tfjs_binding\.node is: `npx tfjs-bayes-native install`/,
  })
  expectRun(await workshop.command(new Project({ tfjsNode: false }), 'status'), {
    code: 1,
    stdout: /not installed beside @tfjs-bayes\/backend/,
  })
})

test('remove takes the link and the entry', async () => {
  const workshop = new Workshop()
  const project = new Project()
  await workshop.command(project, 'install')
  expectRun(await workshop.command(project, 'remove'), {
    code: 0,
    stdout: new RegExp(`^Removed the link and ${ENTRY}: 8 MB\\.$`, 'm'),
  })
  expect(workshop.contents).toEqual([])
  expect(lstatSync(project.addonFolder, { throwIfNoEntry: false })).toBeUndefined()
  expectRun(await workshop.command(project, 'remove'), { code: 0, stdout: /^Nothing to remove/ })
})

test('without tfjs-node: a named reason; optional, one line and exit code 0', async () => {
  const workshop = new Workshop()
  const project = new Project({ tfjsNode: false })
  const message =
    /^@tensorflow\/tfjs-node is not installed beside @tfjs-bayes\/backend; install it first: `npm install --ignore-scripts @tensorflow\/tfjs-node`\n$/
  expectRun(await workshop.command(project, 'install'), { code: 1, stderr: message })
  expectRun(await workshop.command(project, 'install --optional'), {
    code: 0,
    stderr: /^No native backend \(@tensorflow\/tfjs-node is not installed .*\n$/,
  })
})

test('wrong usage: exit code 2, with the usage', async () => {
  const [workshop, project] = [new Workshop(), new Project()]
  for (const args of ['', 'frob', 'install now', 'status --optional', 'install --verify', 'install --frob'])
    expectRun(await workshop.command(project, args), { code: 2, stderr: /Usage: tfjs-bayes-native install/ })
})

test('--help', async () => {
  expectRun(await new Workshop().command(new Project(), '--help'), {
    code: 0,
    stdout: /^Usage: tfjs-bayes-native install \[--optional\] \| status/,
  })
})
